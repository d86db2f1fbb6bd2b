"""Sparse symmetric positive definite systems, which know nothing of statistics.

Takes the pattern of a matrix and gives an order of elimination, a layout in dense fronts, its Cholesky factor and those
entries of its inverse that stand on the pattern.
"""
