"""Predicted values of the fixed part over one predictor, the others held at typical values.

Takes a fitted model and gives an `Effect`: a table with bands that can draw itself.
"""
