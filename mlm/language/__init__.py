"""From the text of a formula to a tree: R's grammar, R's spelling, R's algebra of terms.

Knows no data, no functions and no models: what the names and the calls in a tree mean is the business of `frame`.
"""
