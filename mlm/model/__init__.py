"""The face: what the user holds, with one method for each question.

Takes a fit and gives `MixedModel`, `LinearModel` and `GeneralizedLinearModel`; what the methods compute is in `fit`,
`generalized`, `inference` and `report`. The reference grid, predictors at typical values, is shared by figures,
effects and means.
"""
