"""The functions that a formula can call: one table, R's names and meanings; nothing else can be called.

Each takes values of `frame.values` and gives one; those that learn something from the data keep it in the recipe and
use it again on new rows.
"""
