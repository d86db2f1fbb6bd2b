"""Values exchanged between rows of a group, every sum of products kept as a whole number.

Takes the margins of a block's columns and the products wanted between them (`aggregates`).
Gives the columns laid side by side, row by row (`rows.Rows`), with exactly these products.
"""
