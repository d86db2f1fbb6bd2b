"""A new chapter from a printout: registry, data set and notebook, with what a person has to decide marked in each."""
