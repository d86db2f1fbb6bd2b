"""From a formula and any data frame to a model frame.

Takes what the user wrote and gives a `ModelFrame`: rows in use, response, model matrices, grouping factors. The only
room that reads the user's columns; formulas are read by `language`.
"""
