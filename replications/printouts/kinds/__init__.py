"""The kinds of blocks that are known, a module each, named after what prints them.

A new kind is one module here, with a reader under ``@kind(name, begins=…)``, and its test.
"""
