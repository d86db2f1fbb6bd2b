"""The book's own Sphinx extensions, each on a notebook of a few lines."""

import doctest
import re
import subprocess
import sys
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

import mlm
from mlm.frame.functions.table import listing
from replications import scoreboard

pytest.importorskip("myst_nb", reason="the extra `book` is not installed")

EXTENSIONS = Path(__file__).resolve().parent.parent / "book" / "_ext"
CONF = f"""
import sys
sys.path.insert(0, {str(EXTENSIONS)!r})
extensions = ["myst_nb", "sphinx_design", "offline", "exercises", "r_tabs", "inputs", "ids", "colophon", "run_python"]
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath"]
html_theme = "basic"
"""
R_BLOCKS = "```r\nm <- lm(y ~ x, data)\n```\n\n```rout\n(Intercept)\n```\n"


def build(folder, markdown, tags=(), conf="", outputs=(), after="After."):
    """Build a notebook of `markdown` and a code cell; return the finished process and the page's HTML."""
    cell = nbformat.v4.new_code_cell('m = mlm.lm("y ~ x", data)', execution_count=1, metadata={"tags": list(tags)})
    cell.outputs = list(outputs)
    cells = [
        nbformat.v4.new_markdown_cell("# A page\n\n" + markdown),
        cell,
        nbformat.v4.new_markdown_cell(after),
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), folder / "index.ipynb")
    (folder / "conf.py").write_text(CONF + conf, "utf8")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        folder,
        folder / "html",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    page = folder / "html" / "index.html"
    return done, page.read_text("utf8") if page.exists() else ""


def test_the_code_of_a_solution_moves_into_the_dropdown_after_it(tmp_path):
    done, html = build(tmp_path, "**1. One.** What?", ["solution"], after="```{dropdown} Solution\nThis.\n```")
    assert done.returncode == 0, done.stderr
    folded = html[html.index("<details") : html.index("</details>")]
    assert folded.index("Solution") < folded.index("mlm") < folded.index("This.")
    assert html.count("mlm") == folded.count("mlm")


def test_a_solution_without_a_dropdown_fails_the_build(tmp_path):
    done, _ = build(tmp_path, "**1. One.** What?", ["solution"])
    assert "a cell tagged solution has no dropdown after it" in done.stderr


def test_r_tabs_puts_the_r_blocks_beside_the_cell(tmp_path):
    done, html = build(tmp_path, R_BLOCKS, ["r-tabs"])
    assert done.returncode == 0, done.stderr
    assert re.findall(r'data-sync-id="(\w+)"', html) == ["python", "r"]
    assert set(re.findall(r'data-sync-group="(\w+)"', html)) == {"language"}
    tabs = html[html.index("sd-tab-set") : html.index("After.")]
    places = [tabs.index(text) for text in (">\nPython<", "mlm", ">\nR<", "highlight-r ", "highlight-rout")]
    assert places == sorted(places)
    assert html.count("highlight-r ") == 1, "the R block must move into its tab, not be copied"


class Boxes(HTMLParser):
    """The classes of the boxes around a text, from the outermost in."""

    def __init__(self, html, text):
        super().__init__()
        self.text, self.open, self.around = text, [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "div":
            self.open.append(dict(attrs).get("class", ""))

    def handle_endtag(self, tag):
        if tag == "div":
            self.open.pop()

    def handle_data(self, data):
        if self.text in data:
            self.around = list(self.open)


@pytest.mark.parametrize("tag", [[], ["hide-output"]])
def test_r_tabs_keeps_outputs_below_the_tabs_in_either_language(tmp_path, tag):
    printed = nbformat.v4.new_output("stream", text="what was printed")
    done, html = build(tmp_path, R_BLOCKS, ["r-tabs", *tag], outputs=[printed])
    assert done.returncode == 0, done.stderr
    assert html.count("what was printed") == 1
    assert html.index("sd-tab-set") < html.index("what was printed") < html.index("After.")
    around = " ".join(Boxes(html, "what was printed").around)
    assert "cell_output" in around
    assert "sd-tab" not in around


def test_r_tabs_leaves_untagged_cells_alone(tmp_path):
    done, html = build(tmp_path, R_BLOCKS)
    assert done.returncode == 0, done.stderr
    assert "sd-tab-set" not in html


def test_r_tabs_takes_only_the_blocks_just_before_the_cell(tmp_path):
    done, html = build(tmp_path, R_BLOCKS + "\nA paragraph between.\n\n" + R_BLOCKS, ["r-tabs"])
    assert done.returncode == 0, done.stderr
    places = [html.index(text) for text in ("highlight-rout", "A paragraph between.", "sd-tab-set")]
    assert places == sorted(places)


def test_r_tabs_warns_of_a_tagged_cell_without_r_code(tmp_path):
    done, _ = build(tmp_path, "No code.", ["r-tabs"])
    assert done.returncode != 0
    assert "no R code before it" in done.stderr


def test_formulas_are_drawn_by_a_local_mathjax(tmp_path):
    done, html = build(tmp_path, "The variance $\\sigma^2$.")
    assert done.returncode == 0, done.stderr
    (script,) = re.findall(r'src="([^"]*mathjax/[^"]*)"', html)
    assert "//" not in script
    # the complete MathJax is about 2.3 MB; a stub or an error page would be far smaller
    assert (tmp_path / "html" / script.split("?")[0]).stat().st_size > 1_000_000
    assert (tmp_path / "html" / "_static" / "mathjax" / "LICENSE").exists()


RUN = "```{run-python}\n:alt: A rising line\n\nprint(6 * 7)\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\n```\n"


def test_run_python_shows_code_printout_and_figure(tmp_path):
    done, html = build(tmp_path, "```r\n6 * 7\n```\n\n" + RUN)
    assert done.returncode == 0, done.stderr
    places = [
        html.index(text) for text in ("sd-tab-set", "highlight-python", "highlight-r ", ">42", 'alt="A rising line"')
    ]
    assert places == sorted(places)
    assert "sd-tab" not in " ".join(Boxes(html, "42\n").around)


def test_run_python_draws_the_same_bytes_twice():
    sys.path.insert(0, str(EXTENSIONS))
    import run_python

    code = "import matplotlib.pyplot as plt\nprint('drawn')\nplt.plot([1, 2])"
    assert run_python.run(code) == run_python.run(code)
    assert run_python.run("x = 1") == ("", "")


def test_counts_and_version_are_those_of_the_day(tmp_path):
    roles = "{checked}`registered` numbers, {checked}`exceptions` exceptions, version {project}`version`."
    done, html = build(tmp_path, roles + "\n\n```{report-a-mistake}\n```\n\n```{how-to-cite}\n```\n")
    assert done.returncode == 0, done.stderr
    counts = scoreboard.totals(scoreboard.gather())
    said = f"{counts.published:,} numbers, {counts.exceptions} exceptions"
    assert f"{said}, version {mlm.__version__}." in html
    assert "without the address of a public repository" in html
    assert "multilevelreplications" in html


def test_a_count_that_is_not_known_fails_the_build(tmp_path):
    done, _ = build(tmp_path, "{checked}`cakes`")
    assert done.returncode != 0
    assert "checked knows registered, agreeing, exceptions; got 'cakes'" in done.stderr


CAKE = """
title = "Cakes"
about = "What `oven()` takes."
[[input]]
title = "A cake"
code = "mlm.lm('y ~ cake', d)"
refused = "DataError"
says = ["SAYS"]
"""


def build_catalogue(folder, says):
    """Build a page with a catalogue of one group and one input."""
    (folder / "cakes.toml").write_text(CAKE.replace("SAYS", says), "utf8")
    conf = (
        f"import catalogue, pathlib\ncatalogue.INPUTS = pathlib.Path({str(folder)!r})\ncatalogue.GROUPS = ('cakes',)\n"
    )
    return build(folder, "```{input-counts}\n```\n\n```{inputs} cakes\n```\n", conf=conf)


def test_inputs_are_run_and_shown_with_their_messages(tmp_path):
    done, html = build_catalogue(tmp_path, "no column 'cake'")
    assert done.returncode == 0, done.stderr
    assert "Cakes: 1 input, 1 of them refused" in html
    assert "The data have no column 'cake', which the formula uses. They have 9 columns: x, z" in html.replace(
        "&#39;", "'"
    )


def test_an_input_that_is_not_what_the_catalogue_says_fails_the_build(tmp_path):
    done, _ = build_catalogue(tmp_path, "no flour")
    assert done.returncode != 0
    assert "A cake: the message does not say 'no flour'" in done.stderr


def test_the_table_of_functions_has_every_function(tmp_path):
    done, html = build(tmp_path, "```{functions}\n```\n")
    assert done.returncode == 0, done.stderr
    for name, call, _ in listing():
        shown = f"{escape(call)}<" in html.replace('</span> <span class="pre">', " ") or f">{escape(name)}<" in html
        assert shown, name


@pytest.mark.parametrize("name", sorted({*mlm.plot.__all__} - {"OKABE_ITO", "use_style"}))
def test_the_reference_shows_what_a_plotting_function_draws(name):
    sys.path.insert(0, str(EXTENSIONS))
    import reference_pictures

    lines = ["What it is.", ""]
    reference_pictures.add_picture(None, "function", f"mlm.plot.{name}", getattr(mlm.plot, name), {}, lines)
    picture = next(line for line in lines if line.startswith(".. image:: data:image/svg+xml;base64,"))
    assert len(picture) > 10_000
    assert f"   :alt: What the example of mlm.plot.{name} draws: What it is." in lines


@pytest.mark.parametrize("kind", [mlm.Profile, mlm.Effect, mlm.Estimates])
def test_the_reference_shows_what_a_method_draws(kind):
    sys.path.insert(0, str(EXTENSIONS))
    import reference_pictures

    lines = ["What it is.", ""]
    reference_pictures.add_picture(None, "method", f"mlm.{kind.__name__}.plot", kind.plot, {}, lines)
    assert any(line.startswith(".. image:: data:image/svg+xml;base64,") for line in lines)


def test_the_reference_does_not_show_how_classes_are_constructed():
    sys.path.insert(0, str(EXTENSIONS))
    import reference_classes

    assert doctest.testmod(reference_classes).failed == 0


def test_the_forms_of_ids_are_those_of_the_code(tmp_path):
    done, html = build(tmp_path, "```{ids} of_models\n```\n\n```{ids} of_headings\n```\n")
    assert done.returncode == 0, done.stderr
    assert "n_groups[.GROUP]" in html
    assert "Pr(&gt;|t|)" in html


def test_no_two_references_are_cited_alike():
    sys.path.insert(0, str(EXTENSIONS))
    import reference_labels
    from pybtex.database import parse_file

    entries = parse_file(EXTENSIONS.parent / "references.bib").entries.values()
    found = list(reference_labels.AuthorYearLabels().format_labels(entries))
    assert len(set(found)) == len(found) > 40
    assert {"Bosancianu, 2021a", "Bosancianu, 2021b", "Bates et al., 2015", "Halekoh & Højsgaard, 2014"} <= set(found)
    assert not [label for label in found if re.search(r"[\\{}]|n\.d\.", label)]


def test_code_in_cells_breaks_after_marks_only_and_options_do_not():
    sys.path.insert(0, str(EXTENSIONS))
    import breaks

    assert doctest.testmod(breaks).failed == 0
    assert breaks.breakable("a <- lme4::fixef(null_model)$x") == "a &lt;- lme4::<wbr>fixef(<wbr>null_model)$<wbr>x"
    assert breaks.breakable('re_formula="~ses"') == "re_formula=<wbr>&quot;~ses&quot;"
