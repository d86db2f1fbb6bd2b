"""Time and memory of mlm beside lme4 and other Python packages: ``python -m benchmarks``.

`cases` says what is fitted, `peers` by which packages, `measure` fits one case with one package in a process of its
own, `run` does all of them in turn and writes ``results.json``, `page` makes the book's page of it.
"""
