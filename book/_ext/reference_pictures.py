"""Pictures in the reference: functions of ``mlm.plot`` and methods ``plot`` show what their examples draw."""

from __future__ import annotations

import doctest
from typing import Any

from run_python import run
from sphinx.errors import ExtensionError

PACKAGE = "mlm.plot."
METHOD = ".plot"


def example(docstring: str) -> str:
    r"""Return the code of a docstring's examples.

    Examples
    --------
    >>> example("A sum.\n\n>>> 1 + 1\n2")
    '1 + 1\n'
    """
    return "".join(part.source for part in doctest.DocTestParser().get_examples(docstring))


def add_picture(_app: Any, what: str, name: str, thing: Any, _options: Any, lines: list[str]) -> None:
    """Append the figure of an example to the text on what draws it."""
    drawn = name.startswith(PACKAGE) if what == "function" else what == "method" and name.endswith(METHOD)
    if not drawn:
        return
    code = example(thing.__doc__ or "")
    try:
        _, image = run(f"import mlm\nmlm.plot.use_style()\n{code}")
    except Exception as error:
        raise ExtensionError(f"the example of {name} fails: {error}") from error
    if image:
        lines += ["", f".. image:: {image}", f"   :alt: What the example of {name} draws: {lines[0]}", ""]


def setup(app: Any) -> dict[str, bool]:
    """Register with autodoc, after napoleon has rewritten the text."""
    app.connect("autodoc-process-docstring", add_picture, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
