"""Where the variance is: shares between and within groups, explained, lost to clustering.

Takes a fitted mixed model and gives intraclass correlations, R squared, design effects, shrinkage.
"""
