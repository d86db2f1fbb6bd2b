"""Synthetic twins of the five data sets, made from aggregates alone.

Takes the aggregates of a data set (`data/aggregates/`), which alone were made from the original rows.
Gives a table with the original's columns, groups, margins and sums of products, and other rows (`data/twins/`).

Read in this order: `recipes` (what is kept of each data set), `tabulate` (original rows -> aggregates), `aggregates`
(the file between the two halves), then the generator: `generate` lays values (`swapping`) until the printed residual
figures hold (`residuals`), and `items` and `write` make a table of it. `budget` and `coincidence` tell what it gives
away.

The method is data swapping (Dalenius & Reiss 1982, "Data-swapping: a technique for disclosure control",
Journal of Statistical Planning and Inference 6, 73-85): values are exchanged between rows of one group, so
that every marginal distribution stays as it is, and only such exchanges are kept that leave the group's
cross-products as they are. A linear model sees nothing but those cross-products.
"""
