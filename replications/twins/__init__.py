"""Synthetic twins of the five data sets, made from aggregates alone.

Takes the aggregates of a data set (`data/aggregates/`), which alone were made from the original rows.
Gives a table with the original's columns, groups, margins and sums of products, and other rows (`data/twins/`).

Read in this order: `recipes` (what is kept of each data set), `tabulate` (original rows -> aggregates), `aggregates`
(the file between the two halves), then the generator: `generate` lays values (`swapping`) until the printed residual
figures hold (`residuals`), for which it needs the models' fitted values (`models`), and `assemble` makes a table of it.
`budget` and `coincidence` tell what it gives away. All of it is run by ``python -m replications twins`` (`commands`).

The method is data swapping (Dalenius & Reiss 1982, "Data-swapping: a technique for disclosure control",
Journal of Statistical Planning and Inference 6, 73-85): values are exchanged between rows of one group, so
that every marginal distribution stays as it is, and only such exchanges are kept that leave the group's
cross-products as they are. A linear model sees nothing but those cross-products.

A twin depends on its aggregates and on the seed in its recipe, and on nothing else. Products are integers. What comes
of linear algebra or of logarithms is rounded before it decides what is drawn, so that neither the machine nor the
number of threads shows. Numbers of tries and of candidates bound the time a search takes: what it gives is exact or
an error, but for quartiles, of which it tells those that are missed.
"""
