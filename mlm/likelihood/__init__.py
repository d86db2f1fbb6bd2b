"""The deviance, or REML criterion, as a function of theta.

Takes cross-products and gives `Deviance`: value, gradient, second derivatives and conditional modes at any theta.
Read `criterion` (the formula) and `one_factor` first; `several_factors` is for nested and crossed data.
"""
