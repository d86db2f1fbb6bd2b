"""The rules: what numbers of one printout allow of each other. One rule is one function with a name."""
