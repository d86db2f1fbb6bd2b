"""How things are printed: as R prints them.

Takes anything that has a model's attributes, of whatever class, and gives text and tables. It imports no model; `face`
lists what is asked of one.
"""
