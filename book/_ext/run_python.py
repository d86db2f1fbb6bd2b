"""``{run-python}``: Python code on a page of prose, run when the book is built, with what it prints and draws below.

The directive's body is the code, its option ``alt`` says what the figure shows. R blocks just before it stand in a tab
beside the Python code, as before a cell of a notebook (:mod:`r_tabs`): what is made here is a cell of that form.
"""

from __future__ import annotations

import base64
import io
from contextlib import redirect_stdout
from typing import Any

import matplotlib.pyplot as plt
from docutils import nodes
from docutils.parsers.rst import Directive, directives
from r_tabs import CELL_CLASS, OUTPUT

FORMAT = "image/svg+xml"


def run(code: str) -> tuple[str, str]:
    """Run some code; return what it printed, and its figure as the address of an image, empty if there is none."""
    printed, drawn = io.StringIO(), io.BytesIO()
    with plt.rc_context(), redirect_stdout(printed):
        plt.rcParams["svg.hashsalt"] = "book"
        plt.close("all")  # what other code has left open is not this one's figure
        exec(compile(code, "run-python", "exec"), {})
        if plt.get_fignums():
            plt.savefig(drawn, format="svg", bbox_inches="tight", metadata={"Date": None})
        plt.close("all")
    image = base64.b64encode(drawn.getvalue()).decode()
    return printed.getvalue().rstrip(), f"data:{FORMAT};base64,{image}" if image else ""


def part(kind: str, css: str, *children: nodes.Node) -> nodes.container:
    """Return one half of a cell, as MyST-NB makes it."""
    return nodes.container("", *children, nb_element=kind, classes=[css])


class RunPython(Directive):
    """Code with its printout and figure."""

    has_content = True
    option_spec = {"alt": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Run the code and lay out the cell."""
        code = "\n".join(self.content)
        printed, image = run(code)
        outputs: list[nodes.Node] = []
        if printed:
            outputs.append(nodes.literal_block(printed, printed, language="none", classes=["output", "text_plain"]))
        if image:
            outputs.append(nodes.image(uri=image, alt=self.options["alt"]))
        source = part("cell_code_source", "cell_input", nodes.literal_block(code, code, language="python"))
        cell = nodes.container(nb_element="cell_code", classes=["cell", CELL_CLASS])
        cell += [source, part(OUTPUT, "cell_output", *outputs)]
        return [cell]


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("run-python", RunPython)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
