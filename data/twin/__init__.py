"""Synthetic twins of the five data sets, made from aggregates alone.

Read in this order: `recipes` (what is kept of each data set), `tabulate` (original rows, which
`replications.data.read_original` gives, -> aggregates), `aggregates` (the file between the two halves), then the
generator: `generate` calls `anchors`, `margins`, `exchanges`, `exact`, `quartiles` or `small_groups`, `items` and
`write`.

The method is data swapping (Dalenius & Reiss 1982, "Data-swapping: a technique for disclosure control",
Journal of Statistical Planning and Inference 6, 73-85): values are exchanged between rows of one group, so
that every marginal distribution stays as it is, and only such exchanges are kept that leave the group's
cross-products as they are. A linear model sees nothing but those cross-products.
"""
