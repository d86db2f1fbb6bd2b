"""Generalized models: families, links, and the likelihood of a response that is not normal.

Knows numbers and no formula. Of the linear models beside it, it shares how theta is laid out. To see how a mixed model
is fitted read `working` (what is asked of a row), `rows` and `systems` (what links them), `pirls` (conditional modes),
then `laplace` and `quadrature`.
"""
