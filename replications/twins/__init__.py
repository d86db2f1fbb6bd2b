"""Synthetic twins of the data sets, made from aggregates alone.

Takes the aggregates of a data set (`data/aggregates/`), which alone were made from the original rows.
Gives a table with the original's columns, groups, margins and sums of products, and other rows (`data/twins/`).

Read in this order: `recipes` (what is kept of each data set), `tabulate` (original rows -> aggregates), `aggregates`
(the file between the two halves), then the generator: `generate` lays values (`swapping`) until the printed residual
figures hold (`residuals`), for which it needs fitted values (`models`), and `assemble` makes a table of it. `budget`
and `coincidence` tell what it gives away. ``python -m replications twins`` runs all of it (`commands`).
"""
