"""Values exchanged between rows of a group, every sum of products kept as a whole number.

Takes a block's margins and products (`aggregates`) and the margins of its columns, in any order.
Gives the columns laid side by side, row by row (`margins.Rows`), with exactly these products.
"""
