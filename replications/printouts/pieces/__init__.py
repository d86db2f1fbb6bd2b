"""Text in the order of ``pdftotext`` without ``-layout``: no blanks between columns, rows and columns in pieces.

A line of a printout breaks wherever more than one blank stands in it, and columns that are set well apart follow each
other. ``together`` is the way in: what can only be one table is laid out again as R prints it, by the reader of its
shape (``headed``, ``effects``, ``vectors``, ``triangle``); of all else it is said that the order of columns was lost.
"""
