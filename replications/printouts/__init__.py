"""Printouts: what R and others printed about models, read back as numbers that have names.

:func:`replications.printouts.read.read_printout` is the way in. A text becomes lines (``pages``, ``lines``), lines
become blocks (``read``), each by the reader of its kind (``kinds``), and numbers get the ids of the registry
(``names``).
"""
