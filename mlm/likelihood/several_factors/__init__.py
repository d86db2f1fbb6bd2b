"""Several grouping factors, nested and crossed: the same face as `one_factor`.

Takes cross-products and gives `SeveralFactors`. Read `plan` (the order and the three formulas), then `forward` and
`backward`; the other modules are what these two stand on. The page `book/several_factors.md` has the algebra.
"""
