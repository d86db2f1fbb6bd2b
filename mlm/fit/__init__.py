"""The fit as a value, in the user's coefficients; nothing is printed here.

Takes a model frame and cross-products and gives a `Fit`: estimates, random effects, predictions. The checks before and
after a fit are here, and how to fit again.
"""
