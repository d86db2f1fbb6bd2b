"""The printed residual figures (Min, 1Q, Median, 3Q, Max) of the models, met by the rows of a twin.

Takes blocks of rows (`swapping.rows.Rows`) and the models of a recipe, fitted from aggregates (`models`).
Gives the same blocks re-paired, products unchanged, and by how much each figure is missed.
"""
