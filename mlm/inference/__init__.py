"""Functions of a fit: degrees of freedom, intervals, tests.

Takes a `Fit`, never the model that users hold, and gives numbers and tables.
"""
