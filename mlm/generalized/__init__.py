"""Generalized models: families, links, and the likelihood of a response that is not normal.

Knows numbers and no formula, and nothing of the linear models beside it.
"""
