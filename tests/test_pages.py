"""What the prose pages say of the code is true of the code: names, modules, counts, the example of the README."""

import pydoc
import re
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from chapters import FINISHED
from rmodels import data

import mlm
import replications
from replications import registry
from tools import sources

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
CODE = ("mlm", "replications", "tests", "benchmarks", "tools", "book", "data")
PROSE = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(path for path in sorted(BOOK.glob("*.md")) if path.stem not in ("scoreboard", "performance")),
]


def text(path):
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def m():
    return mlm.lmer("y ~ x + (1 | g)", data())


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_names_exist_that_a_page_mentions(path, m):
    for name in set(re.findall(r"(?<![\w./])((?:mlm|replications)(?:\.[a-z]\w*|\.[A-Z]\w*)+)(?![\w/])", text(path))):
        assert pydoc.locate(name) is not None, f"{path.name}: {name}"
    for name in set(re.findall(r"(?<![\w.])m\.([a-z_]\w*)", text(path))):
        assert hasattr(m, name) or name == "reml_criterion", f"{path.name}: m.{name}"
    for name in set(re.findall(r"(?<![\w.])glm1\.([a-z_]\w*)", text(path))):
        assert hasattr(mlm.glm("y ~ 1", {"y": [0, 1, 1]}), name), f"{path.name}: glm1.{name}"
    for name in set(re.findall(r"(?<![\w.])glmer1\.([a-z_]\w*)", text(path))):
        assert hasattr(mlm.GeneralizedMixedModel, name), f"{path.name}: glmer1.{name}"


def test_calls_for_which_r_users_are_sent_here_run(m, tmp_path):
    """Every call in the tables of the page for R users that needs no more than a model."""
    page = text(BOOK / "coming_from_r.md")
    calls = {call for call in re.findall(r"`((?:m|mlm|glm1|glmer1)\.[\w.]+\([^`]*\))`", page) if "..." not in call}
    smaller = mlm.lmer("y ~ 1 + (1 | g)", data())
    known = {"m": m, "m0": smaller, "m1": smaller, "m2": m, "mlm": mlm, "d": data(), "newdata": data()}
    known |= {"columns": ["x"], "by": "g", "x": data()["x"], "L": [[1, 0], [1, 1]]}
    known |= {"lm1": mlm.lm("y ~ 1", data()), "lm2": mlm.lm("y ~ x", data())}
    counts = np.random.default_rng(2).negative_binomial(2, 0.3, len(data()))
    known["path"] = tmp_path / "m.mlm"
    m.save(known["path"])
    known["d"] = data().assign(passed=(counts > 3).astype(int), count=counts)
    known["glmer1"] = known["gl"] = mlm.glmer("passed ~ x + (1 | g)", known["d"])
    known["glmer2"] = mlm.glmer("count ~ x + (1 | g)", known["d"], "poisson")
    known |= {f"glm{k}": mlm.glm(f"passed ~ {right}", known["d"]) for k, right in ((1, "x"), (2, "x + z"))}
    known["m3"] = mlm.lmer("y ~ x * f + h + (1 | g)", data())
    known["glmer3"] = mlm.glmer("passed ~ x + f + (1 | g)", known["d"])
    assert len(calls) > 20
    for call in calls:
        eval(call.replace("\\|", "|"), known)
        plt.close("all")


def test_the_reference_page_lists_every_public_name():
    pages = sorted(BOOK.glob("api_*.md"))
    directive = r"^\.\. auto(?:function|class|exception):: ([\w.]+)"
    by_page = {page.stem: re.findall(directive, text(page), re.MULTILINE) for page in pages}
    listed = [name for names in by_page.values() for name in names]
    assert len(listed) == len(set(listed))
    index = re.findall(r"^## \[.*\]\((\w+)\.md\)$|^   ([\w.]+)$", text(BOOK / "api.md"), re.MULTILINE)
    assert sorted(page for page, _ in index if page) == sorted(by_page)
    in_order = [name.removeprefix("mlm.") for page, _ in index if page for name in by_page[page]]
    assert [name for _, name in index if name] == in_order
    public = {name for name in mlm.__all__ if name != "plot"}
    public |= {f"mlm.plot.{name}" for name in mlm.plot.__all__ if callable(getattr(mlm.plot, name))}
    assert set(listed) == public


def modules_in_tree(tree):
    """Paths of the modules that an indented list of folders and files names, without those of no module."""
    found, above = set(), {}
    for line in tree.splitlines():
        name = line.split()[0]
        depth = len(line) - len(line.lstrip())
        above = {at: folder for at, folder in above.items() if at < depth}
        if name.endswith("/"):
            above[depth] = name
        else:
            found.add("".join(above.values()) + name)
    return found


@pytest.mark.parametrize("package", ["mlm", "replications"])
def test_the_page_on_the_design_names_every_module(package):
    tree = re.search(rf"```text\n({package}/\n.*?)```", text(BOOK / "design.md"), re.DOTALL)[1]
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*.py")}
    assert modules_in_tree(tree) - {"mlm/__init__.pyi"} == {m for m in modules if not m.endswith("__init__.py")}


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_modules_exist_that_a_page_mentions(path):
    code = [p.relative_to(ROOT).as_posix() for folder in CODE for p in (ROOT / folder).rglob("*.py")]
    for name in set(re.findall(r"[\w./-]*\w\.py\b(?!i)", text(path))) - {"first.py"}:  # which readers write
        assert any(f"/{known}".endswith(f"/{name}") for known in code), f"{path.name}: {name}"


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_folders_exist_that_a_page_mentions(path):
    ours = [p for folder in CODE for p in (ROOT / folder).rglob("*") if p.is_dir()] + [ROOT / f for f in CODE]
    known = [f"/{p.relative_to(ROOT).as_posix()}/" for p in ours]
    made = ("_build/", "originals/", "data/shipped/")  # where things are written to
    for name in set(re.findall(r"`([a-z_]\w*(?:/\w+)*/)`", text(path))):
        assert name.startswith(made) or any(folder.endswith(f"/{name}") for folder in known), f"{path.name}: {name}"


@pytest.mark.parametrize("path", sources.pages(), ids=str)
def test_tables_and_order_of_the_chapters_are_those_of_the_registries(path):
    assert text(ROOT / path) == sources.pages()[path], "python tools/sources.py"


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_the_count_of_published_values_is_written_nowhere(path):
    total = sum(len(registry.read(source).entries) for source in replications.SOURCES)
    assert f"{total:,}" not in text(path)


@pytest.mark.parametrize(
    ("name", "chapter", "column"),
    [("ess", "two_level_mlm", "cntry"), ("vaisey", "vaisey_mlm", "cntry"), ("issp", "day1_basics", "cnt")],
)
def test_country_codes_are_listed_in_the_chapter_and_on_the_page_of_the_data(name, chapter, column):
    codes = set(replications.load(name, kind="twin", verbose=False)[column])
    cells = nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4).cells
    boxes = [cell.source.partition("{dropdown} The country codes\n")[2].partition("\n```")[0] for cell in cells]
    for listing in ("".join(boxes), text(BOOK / "twins.md").partition(f"In `{name}` they are")[2].partition("\n\n")[0]):
        assert set(re.findall(r"\b([A-Z]{2,3})\s[A-Z]", listing)) == codes


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_pages_name_chapters_by_their_titles(path):
    """A key stands only where it is part of a command, a file's name or the developers' pages."""
    if path.stem not in ("CONTRIBUTING", "CHANGELOG", "design"):
        assert not re.findall(rf"`(?:{'|'.join(replications.SOURCES)})`", text(path))


def test_every_chapter_says_what_comes_before_it_and_links_words_once():
    words = re.findall(r"^(\S[^\n]*)\n  \S", text(BOOK / "glossary.md").split("```{glossary}")[1], re.MULTILINE)
    assert len(words) > 30
    assert words == sorted(words, key=str.casefold)
    for key in FINISHED:
        cells = nbformat.read(BOOK / f"{key}.ipynb", as_version=4).cells
        prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        assert prose.count("**Before this chapter.**") == 1, key
        linked = [target or word for word, target in re.findall(r"\{term\}`([^`<]*?)(?: <([^>]*)>)?`", prose)]
        assert len(linked) > 4, key
        assert set(linked) <= set(words), key
        assert len(linked) == len(set(linked)), key


def test_the_first_page_has_the_chapters_in_the_order_of_the_book():
    toc = re.findall(r"file: book/(\w+)", text(ROOT / "_toc.yml"))
    shown = re.findall(r"^\| \[\]\((\w+)\.ipynb\)", text(BOOK / "intro.md"), re.MULTILINE)
    assert shown == [name for name in toc if name in replications.SOURCES] == list(replications.SOURCES)


def test_the_first_page_adds_up_the_time_of_the_chapters():
    page = text(BOOK / "intro.md")
    hours = [int(whole) + len(half) / 2 for whole, half in re.findall(r" (\d)(½?)&nbsp;h \|", page)]
    after = re.findall(r"file: book/(after_\w+)", text(ROOT / "_toc.yml"))
    assert len(hours) == len(FINISHED)
    assert re.search(r"take an hour\s+and a half each", page)
    for some in (hours[:2], hours, [*hours, *[1.5] * len(after)]):
        said = f"{int(sum(some))}{'½' if sum(some) % 1 else ''} hours"
        assert said in page, said


def test_the_example_of_the_readme_runs(capsys, monkeypatch):
    monkeypatch.setenv("MLM_ORIGINALS", "")
    example = re.search(r"```python\n(.*?)```", text(ROOT / "README.md"), re.DOTALL)[1]
    exec(example, {})
    printed = capsys.readouterr().out
    for part in (
        "Linear mixed model fit by REML",
        "Adjusted ICC",
        "refitting model(s) with ML",
        "Num. groups: schcode",
    ):
        assert part in printed


@pytest.mark.parametrize("path", sorted([*BOOK.glob("*.ipynb"), *BOOK.glob("*.md")]), ids=lambda path: path.stem)
def test_r_code_and_commands_fit_their_box(path):
    """What the tab "R" shows, and commands, which do not wrap: the boxes of a screen hold 76 characters."""
    prose = (
        [text(path)] if path.suffix == ".md" else [c.source for c in nbformat.read(path, 4).cells if "```" in c.source]
    )
    blocks = [b for part in prose for b in re.findall(r"^`{3,}(?:r|sh|powershell)\n(.*?)^`{3,}", part, re.M | re.S)]
    assert not [line for block in blocks for line in block.split("\n") if len(line) > 76]
