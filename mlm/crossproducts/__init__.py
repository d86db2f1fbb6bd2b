"""The waist: sums of products of the columns of ``[Z X y]``.

Takes a model frame, whose rows pass through once, and gives `CrossProducts`, blocks by level of the grouping factors.
All that the likelihood needs, with nothing of size n behind it.
"""
