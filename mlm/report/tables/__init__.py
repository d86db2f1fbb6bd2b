"""Tables of several models: what stands in their rows, and each way of writing them.

`rows` asks the models, `layout` makes cells of what they say; `text`, `html`, `latex`, `markdown` and `word` write
these cells down, and `saving` puts what is written into a file.
"""
