"""Values exchanged between rows of a group, every sum of products kept as a whole number.

Takes the margins of a block's columns and the products wanted between them (`aggregates`).
Gives the columns laid side by side, row by row (`rows.Rows`), with exactly these products.

The method is data swapping (Dalenius & Reiss 1982, "Data-swapping: a technique for disclosure control", Journal of
Statistical Planning and Inference 6, 73-85): exchanges leave every marginal distribution as it is, and those are made
that leave the products as they are. A linear model sees nothing but those products.
"""
