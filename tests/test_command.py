"""``python -m mlm``: what it prints and writes, and how it refuses."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from rmodels import data

import mlm
from mlm.cli import main

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture
def backend():
    """Leave matplotlib's backend and figures as they were."""
    import matplotlib
    import matplotlib.pyplot as plt

    before = matplotlib.get_backend()
    yield
    plt.close("all")
    matplotlib.use(before)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "scores.csv"
    rows = pd.DataFrame(data())
    rows["one"] = (rows["y"] > rows["y"].median()).astype(int)
    rows["count"] = np.floor(np.exp((rows["y"] - rows["y"].mean()) / rows["y"].std())).astype(int)
    rows.to_csv(path, index=False)
    return str(path)


def test_the_summary_is_that_of_the_model(file, capsys):
    assert main(["y ~ x + (1 | g)", file]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{mlm.lmer('y ~ x + (1 | g)', mlm.read_data(file)).summary()}\n"
    assert "Data: scores" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--ml"], "fit by maximum likelihood"),
        (["--ddf", "satterthwaite"], "Pr(>|t|)"),
        (["--ddf", "none"], "['lmerMod']"),
        (["--missing", "-99"], "Number of obs: 180"),
    ],
)
def test_options_of_the_fit(options, said, file, capsys):
    assert main(["y ~ x + (1 | g)", file, *options]) == 0
    assert said in " ".join(capsys.readouterr().out.split())


def test_a_formula_without_groups_is_a_linear_model(file, capsys):
    assert main(["y ~ x", file]) == 0
    assert "Multiple R-squared" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("formula", "options", "fitted"),
    [
        ("one ~ x + (1 | g)", ["binomial"], lambda d: mlm.glmer("one ~ x + (1 | g)", d)),
        (
            "one ~ x + (1 | g)",
            ["binomial", "--link", "probit", "--n-agq", "5"],
            lambda d: mlm.glmer("one ~ x + (1 | g)", d, link="probit", n_agq=5),
        ),
        ("one ~ x", ["binomial", "--link", "cloglog"], lambda d: mlm.glm("one ~ x", d, link="cloglog")),
    ],
)
def test_a_family_makes_a_generalized_model(formula, options, fitted, file, tmp_path, capsys):
    out = {name: str(tmp_path / f"out.{kind}") for name, kind in (("tidy", "csv"), ("plot", "png"), ("report", "html"))}
    options += [word for name, path in out.items() for word in (f"--{name}", path)]
    assert main([formula, file, "--family", *options]) == 0
    m = fitted(mlm.read_data(file))
    assert capsys.readouterr().out.split("\n", 5)[5] == f"{m.summary()}\n".split("\n", 5)[5]
    tidy = pd.read_csv(out["tidy"])
    assert tidy["estimate"].tolist() == pytest.approx(m.tidy()["estimate"].tolist())
    assert "conf.low" in tidy
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "out.html").read_text("utf-8")
    assert m.family.name in page
    assert ("Odds ratios" in page) == (m.family.link.name == "logit")
    assert ("Adjusted ICC" in page) == ("|" in formula)


def test_files_are_written(file, tmp_path, capsys):
    out = {name: str(tmp_path / f"out.{kind}") for name, kind in (("tidy", "csv"), ("plot", "png"), ("report", "html"))}
    options = [word for name, path in out.items() for word in (f"--{name}", path)]
    assert main(["y ~ x + (1 | g)", file, "--ddf", "satterthwaite", *options]) == 0
    tidy = pd.read_csv(out["tidy"])
    m = mlm.lmer("y ~ x + (1 | g)", mlm.read_data(file))
    assert tidy["estimate"].tolist() == pytest.approx(m.tidy()["estimate"].tolist())
    assert {"df", "conf.low"} <= set(tidy)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "out.html").read_text("utf-8")
    for part in ("Linear mixed model fit by REML", "Adjusted ICC", "Marginal R2", "Fixed effects", "scores.csv"):
        assert part in page


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("y ~ x + (1 | g)", []),
        ("y ~ x", []),
        ("y ~ x + (x | g)", []),
        ("one ~ x + (1 | g)", ["--family", "binomial"]),
        ("one ~ x + (1 | g)", ["--family", "binomial", "--link", "cauchit"]),  # neither ratios nor a latent variance
        ("count ~ x", ["--family", "poisson"]),
    ],
)
def test_a_report_is_complete_in_itself(formula, options, file, tmp_path):
    path = tmp_path / "fit.html"
    assert main([formula, file, *options, "--report", str(path)]) == 0
    page = path.read_text("utf-8")
    loaded = re.findall(r'(?:src|href)="([^"]{,30})|url\(', page)
    assert loaded
    assert all(address.startswith("data:image/png;base64,") for address in loaded)
    assert len(re.findall(r'<img alt="[^"]{10,}"', page)) == len(loaded) == 1 + ("|" in formula)
    assert "nan" not in re.sub(r'src="[^"]*"', "", page)


def test_names_are_text_in_a_report(tmp_path):
    rows = pd.DataFrame(data()).rename(columns={"x": "a<b"})
    rows.to_csv(tmp_path / "d.csv", index=False)
    assert main(["y ~ `a<b` + (1 | g)", str(tmp_path / "d.csv"), "--report", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "a&lt;b" in page
    assert "a<b" not in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["y ~ q + (1 | g)", "FILE"], "DataError: The data have no column 'q'"),
        (["y ~ x + (1 | g)", "nothing.csv"], "DataError: There is no file"),
        (["y ~ x + (1 | g", "FILE"], "FormulaError"),
        (["y ~ x", "FILE", "--ml"], "ArgumentError: --ml is for models with groups"),
        (["one ~ x", "FILE", "--n-agq", "5", "--family", "binomial"], "ArgumentError: --n-agq is for models with gr"),
        (["one ~ x + (1 | g)", "FILE", "--n-agq", "5"], "ArgumentError: --n-agq is of generalized models"),
        (["one ~ x", "FILE", "--link", "logit"], "ArgumentError: --link is of generalized models"),
        (["one ~ x + (1 | g)", "FILE", "--ml", "--family", "binomial"], "ArgumentError: --ml is said of every"),
        (["one ~ x + (1 | g)", "FILE", "--family", "binomal"], "ArgumentError: There is no family 'binomal'"),
        (["one ~ x + (1 | g)", "FILE", "--family", "binomial", "--ddf", "satterthwaite"], "FitError: "),
        (["y ~ x + (1 | g)", "FILE", "--ddf", "other"], "ArgumentError: ddf"),
        (["y ~ x + (1 | g)", "FILE", "--plot", "p.xyz"], "ArgumentError: A picture is"),
        (["y ~ x", "FILE", "--tidy", "no/such/folder/t.csv"], "OSError"),
    ],
)
def test_what_is_refused_ends_with_status_2_and_one_message(arguments, said, file, capsys):
    assert main([file if word == "FILE" else word for word in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert "Traceback" not in error


def test_warnings_are_lines_without_code(tmp_path, capsys):
    rows = pd.DataFrame(data())
    rows.loc[0, "x"] = None
    rows.to_csv(tmp_path / "d.csv", index=False)
    assert main(["y ~ x + (1 | g)", str(tmp_path / "d.csv")]) == 0
    assert capsys.readouterr().err.startswith("MissingRowsWarning: ")


def test_the_command_has_help_with_formulas_and_examples():
    done = subprocess.run([sys.executable, "-m", "mlm", "--help"], capture_output=True, text=True, check=True)
    for part in ("(1 | school)", "--report", "exit status"):
        assert part in done.stdout
