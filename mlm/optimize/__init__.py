"""The theta of the smallest deviance.

Takes a `Deviance` and gives an `Optimum`: Newton's method to the exact minimum, or a stop where lme4's default
optimiser stops.
"""
