"""Tables with a column a model: what regression tables of papers and of R's packages have in common.

A table comes as a grid of cells (``printouts.grids``), and ``table`` is the way in: ``labels`` tell what names a row,
``columns`` which model a column is of, ``fit_rows`` which rows tell of the fit, ``cells`` what stands in a cell, and
``brackets`` what the numbers in brackets are.
"""
