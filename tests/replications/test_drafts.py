"""A chapter begun with a printout: on data and a printout of our own drawing, in a copy of the repository."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlm
import replications
from replications import data, places
from replications.__main__ import main
from replications.drafts import notebook, sections
from replications.drafts.section import variable

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("mlm", "replications", "data", "book", "tests", "tools", ".github")
FILES = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "CITATION.cff",
    "_toc.yml",
    "_config.yml",
    "pyproject.toml",
    "Makefile",
)
KEY = "drawn"


def draw():
    """Return 288 patients in 24 clinics."""
    rng = np.random.default_rng(18)
    clinic, dose = np.repeat(np.arange(24), 12), rng.normal(size=288).round(3)
    woman, u, v = rng.integers(0, 2, 288), rng.normal(size=24)[clinic], 0.6 * rng.normal(size=24)[clinic]
    score = 5 + (0.7 + v) * dose - 0.5 * woman + u + 1.5 * rng.normal(size=288)
    names = [f"c{number:02d}" for number in clinic]
    return pd.DataFrame({"clinic": names, "dose": dose, "woman": woman, "score": score.round(2)})


def printed(rows):
    """Return a log of four models, a comparison, tests and an intraclass correlation."""
    m0, m1, m2 = (
        mlm.lmer(f"score ~ {right}", rows)
        for right in ("1 + (1 | clinic)", "dose + woman + (1 | clinic)", "dose + woman + (1 + dose | clinic)")
    )
    ml = mlm.lmer("score ~ dose + (1 | clinic)", rows, reml=False)
    ols = mlm.lm("score ~ dose + woman", rows)
    models = {"m0": m0, "m1": m1, "m2": m2, "m.ml": ml}
    parts = [f"> summary({name})\n{m.summary(ddf='satterthwaite')}" for name, m in models.items()]
    parts += [f"> summary(ols)\n{ols.summary()}", f"> anova(m1, m2)\n{mlm.anova(m1, m2, names=['m1', 'm2'])}"]
    parts += [f"> anova(m1)\n{mlm.anova(m1)}"]
    parts += [
        f"> performance::icc(m0)\n# Intraclass Correlation Coefficient\n\n    Adjusted ICC: {mlm.icc(m0).adjusted:.3f}"
    ]
    parts += [
        "> emmeans(m1, ~ woman)\n woman emmean    SE   df lower.CL upper.CL\n     0   5.01 0.250 31.2     4.50     5.52"
    ]
    return "\n".join(parts) + "\n"


@pytest.fixture(scope="module")
def log():
    return printed(draw())


@pytest.fixture
def house(tmp_path, monkeypatch):
    """An empty house: the folders that `new` writes to, and what there is of other sources."""
    package, files = tmp_path / "replications", tmp_path / "data"
    (package / "published").mkdir(parents=True)
    (tmp_path / "book").mkdir()
    files.mkdir()
    (tmp_path / "_toc.yml").write_text("")
    (package / "published" / "exceptions.toml").write_text("exception = []\n")
    (files / "datasets.toml").write_text("")
    (files / "twins").mkdir()
    shutil.copy(data.dataset("imm10").twin, files / "twins")  # the data sets are read before their file is out of sight
    monkeypatch.setattr(places, "PACKAGE", package)
    monkeypatch.setattr(places, "ROOT", tmp_path)
    monkeypatch.setattr(data, "FOLDER", files)
    draw().to_csv(tmp_path / "drawn.csv", index=False)
    return tmp_path


def new(house, text, *options):
    """Run the command; return its registry, exceptions, data sets and notebook."""
    (house / "log.txt").write_text(text, "utf-8")
    (house / "replications" / "published" / "exceptions.toml").write_text("")
    assert main(["new", KEY, str(house / "log.txt"), *options]) == 0
    read = [house / "replications" / "published" / f"{name}.toml" for name in (KEY, "exceptions")]
    tables = [tomllib.loads(path.read_text("utf-8")) for path in (*read, house / "data" / "datasets.toml")]
    return *tables, json.loads((house / "book" / f"{KEY}.ipynb").read_text("utf-8"))


def test_every_number_is_registered_with_its_place_or_left_with_a_reason(house, log, capsys):
    table, _, datasets, _ = new(house, log, str(house / "drawn.csv"))
    printout = replications.read_printout(log)
    numbers = [number for block in printout for number in block.numbers]
    comments = re.findall(
        r"^# line (\d+), .* \((.+)\)$", (house / f"replications/published/{KEY}.toml").read_text(), re.M
    )
    assert len(table["entry"]) == table["source"]["n_entries"]
    assert len(table["entry"]) + len(comments) == len(numbers)
    assert {why for _, why in comments} == {sections.BY_HAND}
    lines = log.splitlines()
    for entry in table["entry"]:
        line = int(re.search(r"\[source line (\d+)\]", entry["where"])[1])
        assert entry["value"] in lines[line - 1]
        assert entry["model"] in table["models"] or entry["model"].startswith("anova")
    assert table["models"]["m_ml"] == {
        "formula": "score ~ dose + (1 | clinic)",
        "estimation": "ML",
        "call": 'mlm.lmer("score ~ dose + (1 | clinic)", data, reml=False)',
    }
    assert datasets[KEY]["rows"] == 288
    assert [column["type"] for column in datasets[KEY]["columns"].values()] == ["text", "number", "integer", "number"]
    assert f"{len(table['entry'])} numbers registered" in capsys.readouterr().out


def test_what_differs_becomes_an_exception_to_decide_on(house, log):
    slip = log.replace("Number of obs: 288", "Number of obs: 287", 1)
    _, exceptions, _, cells = new(house, slip, str(house / "drawn.csv"))
    (found,) = [known for known in exceptions["exception"] if "via" not in known]
    assert (found["source"], found["id"]) == (KEY, "m0.n_obs")
    assert found["reason"] == "TO DECIDE: computed 288, nothing that was tried explains it."
    assert "numbers that differ" in "".join(cells["cells"][-2]["source"])


def test_a_slip_that_is_known_is_named(house, log):
    """A summary that says REML and has the numbers of maximum likelihood."""
    rows = draw()
    ml = str(mlm.lmer("score ~ dose + (1 | clinic)", rows, reml=False).summary())
    start = ml.index("Random effects:")
    reml = str(mlm.lmer("score ~ dose + (1 | clinic)", rows).summary())
    _, exceptions, _, _ = new(house, reml[: reml.index("Random effects:")] + ml[start:], str(house / "drawn.csv"))
    assert exceptions["exception"]
    assert all("maximum likelihood instead of REML" in known["reason"] for known in exceptions["exception"])


def test_digits_of_a_stopping_point_are_checked_there(house):
    pytest.importorskip("nlopt")
    rows = replications.load("imm10", kind="twin", verbose=False)
    formula = "math ~ homework + ses + meanses + (homework | schnum)"
    stopped = mlm.lmer(formula, rows, reml=False, optimizer="nloptwrap")
    table, exceptions, _, cells = new(house, str(stopped.summary()), "imm10")
    sensitive = [entry["id"] for entry in table["entry"] if entry.get("optimizer_sensitive")]
    assert sensitive
    assert not {known["id"] for known in exceptions.get("exception", ())} & set(sensitive)
    code = "\n".join("".join(cell["source"]) for cell in cells["cells"])
    assert 'optimizer="nloptwrap"' in code
    assert "stopping_point=model1_stopped" in code


def test_without_data_what_a_model_can_answer_is_registered(house, log, capsys):
    table, exceptions, datasets, _ = new(house, log)
    assert len(table["entry"]) > 100
    assert not exceptions
    assert not datasets
    assert "No data were given" in capsys.readouterr().out


def test_a_formula_is_said_where_none_is_printed(house):
    model = mlm.lmer("score ~ dose + (1 | clinic)", draw())
    text = f"> AIC(m)\n[1] {model.aic:.3f}\n"
    left = new(house, text, str(house / "drawn.csv"))[0]
    assert "entry" not in left
    for path in (
        house / f"replications/published/{KEY}.toml",
        house / f"book/{KEY}.ipynb",
        house / "data/datasets.toml",
    ):
        path.unlink()
    (house / "data" / "datasets.toml").write_text("")
    table = new(house, text, str(house / "drawn.csv"), "--formula", "score ~ dose + (1 | clinic)")[0]
    assert [(entry["id"], entry["value"]) for entry in table["entry"]] == [("m.aic", f"{model.aic:.3f}")]


def test_tests_deletions_and_intervals_are_registered(house):
    m = mlm.lmer("score ~ dose + woman + (1 | clinic)", draw())
    printed = {
        "confint(m, method = 'Wald')": mlm.confint(m).to_string(),
        "drop1(m)": mlm.drop1(m),
        "ranova(m)": mlm.ranova(m),
        "anova(m, type = 1)": mlm.anova(m, type=1),
    }
    text = "> m <- lmer(score ~ dose + woman + (1 | clinic), d)\n"
    text += "\n".join(f"> {call}\n{table}" for call, table in printed.items())
    table, exceptions, _, cells = new(house, text, str(house / "drawn.csv"))
    ids = {entry["id"] for entry in table["entry"]}
    assert {"confint_m.confint.dose.ci_low", "drop1_m.woman.f", "ranova_m.(1_|_clinic).lrt", "anova_m.dose.p"} <= ids
    assert all("by way of" in known["reason"] for known in exceptions.get("exception", ()))
    code = "\n".join("".join(cell["source"]) for cell in cells["cells"])
    assert 'published.check("confint_m", {"confint": mlm.confint(m)})' in code
    assert 'published.check("anova_m", mlm.anova(m, type=1).frame)' in code


def test_the_deviance_of_a_generalized_summary_is_minus_twice_the_log_likelihood(house):
    rows = draw().assign(high=lambda d: (d["score"] > 5).astype(int))
    rows.to_csv(house / "drawn.csv", index=False)
    g = mlm.glmer("high ~ dose + (1 | clinic)", rows, family="binomial")
    table, exceptions, _, _ = new(house, f"> summary(g)\n{g.summary()}\n", str(house / "drawn.csv"))
    assert "g.deviance" in {entry["id"] for entry in table["entry"]}
    assert not [known for known in exceptions.get("exception", ()) if "nothing that was tried" in known["reason"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new", "Drawn", "log.txt"], "small letters"),
        (["new", KEY, "log.txt"], "cannot be opened"),
        (["new", KEY, __file__, "--ship"], "none are named"),
        (["new", KEY, __file__, "scores.sav"], "save it as csv"),
        (["new", KEY, "{house}/empty.txt"], "no number that could be read"),
        (["new", "there", "{house}/empty.txt"], "is there already"),
    ],
)
def test_what_cannot_be_begun_is_said(house, arguments, said, capsys):
    (house / "empty.txt").write_text("nothing")
    (house / "book" / "there.ipynb").write_text("")
    assert main([text.format(house=house) for text in arguments]) == 2
    assert said in capsys.readouterr().err


def test_it_needs_the_repository(monkeypatch, capsys):
    monkeypatch.setattr(places, "in_repository", lambda: False)
    assert main(["new", KEY, __file__]) == 2
    assert "needs the project's repository" in capsys.readouterr().err


def test_names_of_models_are_names_of_python():
    assert [variable(name, []) for name in ("lambda", "2nd", "data", "m-1")] == ["lambda_", "m2nd", "data_", "m_1"]


def test_long_calls_are_broken():
    text = notebook._wrapped('m = mlm.lmer("' + "a, (b) + " * 10 + '", data, reml=False)')
    assert max(map(len, text.splitlines()[2:])) < 80
    assert text.splitlines()[-3:] == ["    data,", "    reml=False,", ")"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory, log):
    """A copy of the repository with a sixth source, whose data may be passed on, and its records."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "scoreboard.md")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    draw().to_csv(folder / "drawn.csv", index=False)
    (folder / "log.txt").write_text(log, "utf-8")
    run(folder, "-m", "replications", "new", KEY, "log.txt", "drawn.csv", "--ship")
    run(folder, "tools/sources.py")
    checked = run(folder, "-m", "replications", "check", KEY, "--store")
    return folder, checked


def run(folder, *arguments):
    env = {name: value for name, value in os.environ.items() if name != "MLM_CHECKS"}
    env |= {"PYTHONPATH": str(folder), "MLM_ORIGINALS": ""}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_the_notebook_runs_and_passes(copy):
    folder, checked = copy
    entries = tomllib.loads((folder / f"replications/published/{KEY}.toml").read_text("utf-8"))["entry"]
    stored = json.loads((folder / f"replications/records/{KEY}.original.json").read_text("utf-8"))
    assert len(stored["values"]) == len(entries) > 150
    assert re.search(rf"^{KEY} +{len(entries)} ", checked, re.M)


@pytest.mark.slow
def test_another_source_fails_no_test_but_that_of_marks(copy):
    """What a person decides is left open; tests of finished prose pass the draft over."""
    folder, _ = copy
    run(folder, "-m", "replications", "scoreboard")
    names = ("registry", "cli", "records", "data", "samples", "twins_commands", "reference_optimum", "certificate")
    tests = [f"tests/replications/test_{name}.py" for name in (*names, "check", "lookup", "grammar")] + [
        "tests/test_pages.py",
        "tests/test_concepts.py",
        "tests/test_plain_notebooks.py",
        "tests/test_publishing.py::test_the_citation_is_that_of_the_package",
        "tests/test_publishing.py::test_the_citation_names_the_tutorials",
        "tests/test_book_extensions.py::test_counts_and_version_are_those_of_the_day",
    ]
    marks = "--deselect=tests/replications/test_registry.py::test_nothing_is_left_to_decide"
    run(folder, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow and not originals", marks, *tests)
