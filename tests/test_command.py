"""``python -m mlm``: what it prints and writes, and how it refuses."""

import base64
import io
import os
import re
import shlex
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from rmodels import data

import mlm
from mlm.cli import main
from mlm.outputs import PICTURES
from mlm.page import software

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
    loaded = re.findall(r'(?:src|srcset|href)="([^"]{,30})|url\(', page)
    assert loaded
    assert all(address.startswith("data:image/png;base64,") for address in loaded)
    of_residuals = 1 if options else 3
    assert len(re.findall(r'<img alt="[^"]{9,}"', page)) == of_residuals + ("|" in formula)
    assert page.count("<source ") == ("|" in formula) + bool(options)  # what fills the page has a size for telephones
    assert "nan" not in re.sub(r'(src|srcset)="[^"]*"', "", page)


def test_names_are_text_in_a_report(tmp_path):
    rows = pd.DataFrame(data()).rename(columns={"x": "a<b"})
    rows.to_csv(tmp_path / "d.csv", index=False)
    assert main(["y ~ `a<b` + (1 | g)", str(tmp_path / "d.csv"), "--report", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "a&lt;b" in page
    assert "a<b" not in page


@pytest.mark.parametrize(
    ("formula", "options", "fitted"),
    [
        ("y ~ x + (1 | g)", [], lambda d, **more: mlm.lmer("y ~ x + (1 | g)", d, **more)),
        ("y ~ x + (1 | g)", ["--ml"], lambda d, **more: mlm.lmer("y ~ x + (1 | g)", d, reml=False, **more)),
        ("count ~ x", ["--family", "poisson"], lambda d, **more: mlm.glm("count ~ x", d, "poisson", **more)),
        (
            "count ~ x + (1 | g)",
            ["--family", "poisson"],
            lambda d, **more: mlm.glmer("count ~ x + (1 | g)", d, "poisson", **more),
        ),
    ],
)
def test_weights_and_offset_are_those_of_the_functions(formula, options, fitted, file, capsys):
    rows = mlm.read_data(file)
    rows.assign(w=1 + np.arange(len(rows)) % 3, days=1.0 + np.arange(len(rows)) % 5).to_csv(file, index=False)
    assert main([formula, file, *options, "--weights", "w", "--offset", "log(days)"]) == 0
    m = fitted(mlm.read_data(file), weights="w", offset="log(days)")
    assert capsys.readouterr().out.split("\n", 6)[6] == f"{m.summary()}\n".split("\n", 6)[6]
    assert not m.fixef.equals(fitted(mlm.read_data(file)).fixef)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["y ~ q + (1 | g)", "FILE"], "DataError: The data have no column 'q'"),
        (["y ~ x + (1 | g)", "nothing.csv"], "DataError: There is no file"),
        (["y ~ x + (1 | g", "FILE"], "FormulaError"),
        (["y ~ x", "FILE", "--ml"], "ArgumentError: --ml is for models with groups"),
        (
            ["y ~ x + (1 | g)", "FILE", "--ddf", "other"],
            "ArgumentError: --ddf is satterthwaite, kenward-roger or none; got other.",
        ),
        (["y ~ x + (1 | g)", "FILE", "--plot", "p.xyz"], "ArgumentError: --plot writes ."),
        (["y ~ x", "FILE", "--tidy", "no/such/folder/t.csv"], "ArgumentError: --tidy: there is no folder"),
        (["one ~ x", "FILE", "--n-agq", "5", "--family", "binomial"], "ArgumentError: --n-agq is for models with gr"),
        (["one ~ x + (1 | g)", "FILE", "--n-agq", "5"], "ArgumentError: --n-agq is of generalized models"),
        (["one ~ x", "FILE", "--link", "logit"], "ArgumentError: --link is of generalized models"),
        (["one ~ x + (1 | g)", "FILE", "--ml", "--family", "binomial"], "ArgumentError: Generalized models are "),
        (["one ~ x + (1 | g)", "FILE", "--family", "binomal"], "ArgumentError: There is no family 'binomal'"),
        (["one ~ x + (1 | g)", "FILE", "--family", "binomial", "--ddf", "satterthwaite"], "FitError: "),
        (
            ["y ~ x", "FILE", "--ddf", "satterthwaite"],
            "FitError: This model has its own degrees of freedom; leave --ddf",
        ),
        (
            ["y ~ x + (1 | g)", "FILE", "--ml", "--ddf", "kenward-roger"],
            "FitError: Kenward and Roger's method is one of REML, and this model was fitted by maximum likelihood; "
            "leave --ml out.",
        ),
        (["y ~ x", "FILE", "--weights", "w"], "ArgumentError: --weights is for models with groups or a --family"),
        (["y ~ x", "FILE", "--offset", "w"], "ArgumentError: --offset is for models with groups or a --family"),
        (["y ~ x + (1 | g)", "FILE", "--weights", "nope"], "DataError: The data have no column 'nope'"),
        (["y ~ x + (1 | g)", "FILE", "--weights", "x"], "DataError: "),
        (["y ~ x + (1 | g)", "FILE", "--weights", "1 +"], "FormulaError: --weights: "),
        (["y ~ x + (1 | g)", "FILE", "--offset", ""], "FormulaError: --offset is an empty text"),
        (
            ["count ~ x + (1 | g)", "FILE", "--family", "poisson", "--offset", "nope"],
            "DataError: The data have no column",
        ),
    ],
)
def test_what_is_refused_ends_with_status_2_and_one_message(arguments, said, file, capsys):
    assert main([file if word == "FILE" else word for word in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tidy", "DATA"], "--tidy would overwrite the data file"),
        (["--plot", "DATA"], "--plot would overwrite the data file"),
        (["--report", "LINK"], "--report would overwrite the data file"),
        (["--tidy", "other/../o.csv", "--report", "o.csv"], "--tidy and --report would write the same file"),
        (["--tidy", "t.xlsx"], "--tidy writes .csv, .tsv, .txt, by the end of the name"),
        (["--report", "r.pdf"], "--report writes .html, .htm"),
        (["--plot", "p.doc"], f"--plot writes {', '.join(PICTURES)}, by the end of the name"),
        (["--report", "other"], "--report: 'other' is a folder"),
        (["--report", "none/r.html"], "--report: there is no folder 'none'"),
    ],
)
def test_outputs_are_looked_at_before_the_fit(options, said, file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "link.html").symlink_to(file)
    before = (tmp_path / "scores.csv").read_bytes()
    named = {"DATA": "./other/../scores.csv", "LINK": "link.html"}
    assert main(["y ~ x + (1 | g)", file, *(named.get(word, word) for word in options)]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
    assert (tmp_path / "scores.csv").read_bytes() == before


@pytest.mark.parametrize(("name", "sign"), [("t.tsv", "\t"), ("t.txt", "\t"), ("t.CSV", ","), ("t", ",")])
def test_estimates_are_written_as_the_name_says(name, sign, file, tmp_path, capsys):
    assert main(["y ~ x", file, "--tidy", str(tmp_path / name)]) == 0
    assert pd.read_csv(tmp_path / name, sep=sign)["term"].tolist() == ["(Intercept)", "x"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("--mll", "--ml"), ("--dff", "--ddf"), ("--famly=binomial", "--family"), ("--reprot", "--report")],
)
def test_an_option_that_is_not_known_has_its_nearest_named(word, meant, file, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["y ~ x + (1 | g)", file, word])
    assert ended.value.code == 2
    assert re.search(rf"unrecognized arguments: {word} Did you mean .*'{meant}'", capsys.readouterr().err)


def test_formula_and_file_exchanged_are_told(file, capsys):
    assert main([file, "y ~ x + (1 | g)"]) == 2
    error = capsys.readouterr().err
    assert error == f'ArgumentError: The formula comes first, then the file: python -m mlm "y ~ x + (1 | g)" {file}\n'


def test_remedies_for_text_are_options(tmp_path, capsys):
    rows = pd.DataFrame(data())
    path = str(tmp_path / "d.csv")
    rows.assign(y=[f"{value:.2f}".replace(".", ",") for value in rows["y"]]).to_csv(path, index=False)
    command = ["y ~ x + (1 | g)", path]
    assert main(command) == 2
    said = capsys.readouterr().err
    assert 'are read with --decimal ",".' in said
    assert said.endswith('these are decimal commas: read the file with --decimal ",".\n')
    assert main([*command, "--decimal", ","]) == 0
    capsys.readouterr()
    rows.assign(y=[str(value) for value in rows["y"][:-1]] + ["none"]).to_csv(path, index=False)
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "pandas" not in said
    assert "name the cells that stand for missing values, --missing CODE" in said
    rows.assign(g=["A ", *rows["g"][1:-1].astype(str), "A"]).to_csv(path, index=False)
    assert main(command) == 0
    assert "'A' and 'A ' of 'g'. If they are the same, remove the blanks in the file." in capsys.readouterr().err


@pytest.mark.parametrize("code", ["k.A.", "not asked", "n/a", "$x", 'a "b"', "n!", "ohne Übung"])
def test_a_remedy_can_be_copied_out_of_its_sentence(code, tmp_path, capsys):
    rows = pd.DataFrame(data()).astype({"x": object})
    rows.loc[rows.index[:2], "x"] = code
    rows.to_csv(tmp_path / "d.csv", index=False)
    command = ["y ~ x + (1 | g)", str(tmp_path / "d.csv")]
    main(command)
    said = capsys.readouterr().err
    remedy = re.search(r"missing values: (.*)\. Numbers are", said)[1]
    assert main([*command, *shlex.split(remedy)]) == 0
    assert "2 of 180 rows have missing values" in capsys.readouterr().err


def test_messages_speak_in_options(tmp_path, capsys):
    rows = pd.DataFrame(data()).astype({"x": object})
    rows.loc[rows.index[:2], "x"] = ["N/A", "not asked"]
    rows.to_csv(tmp_path / "d.csv", index=False)
    command = ["y ~ x + (1 | g)", str(tmp_path / "d.csv")]
    main([*command, "--missing", "N/A", "--missing", "not asked"])
    said = capsys.readouterr().err
    assert "2 of 180 rows" in said
    assert "dropna" not in said
    main(command)
    assert 'missing values: --missing N/A --missing "not asked". Numbers' in capsys.readouterr().err
    for options, said in ((["--table", "a"], ": --table is for .rda"), (["--labels"], ": --labels is for .dta")):
        assert main([*command, *options]) == 2
        assert said in capsys.readouterr().err


def test_sheets_to_choose_from_are_an_option(tmp_path, capsys):
    pytest.importorskip("openpyxl")
    with pd.ExcelWriter(tmp_path / "d.xlsx") as writer:
        for name in ("one", "two"):
            pd.DataFrame(data()).to_excel(writer, sheet_name=name)
    assert main(["y ~ x", str(tmp_path / "d.xlsx")]) == 2
    assert "one, two. Choose one with --table NAME." in capsys.readouterr().err


def run(*arguments, **options):
    return subprocess.run([sys.executable, *arguments], capture_output=True, check=False, timeout=120, **options)


def test_letters_that_a_console_lacks_are_replaced(tmp_path):
    pd.DataFrame(data()).rename(columns={"g": "学校"}).to_csv(tmp_path / "d.csv", index=False)
    env = os.environ | {"PYTHONIOENCODING": "cp1252"}
    done = run("-m", "mlm", "y ~ x + (1 | 学校)", str(tmp_path / "d.csv"), env=env)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"(1 | ??)" in done.stdout
    done = run("-m", "mlm", "y ~ x + (1 | 学)", str(tmp_path / "d.csv"), env=env)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes of another kind")
@pytest.mark.parametrize(
    "command",
    ["mlm 'y ~ x + (1 | g)' FILE --tidy OUT", "mlm --help", "replications list", "replications show vaisey_mlm"],
)
def test_a_reader_may_leave(command, file, tmp_path):
    out = tmp_path / "out.csv"
    words = [{"FILE": file, "OUT": str(out)}.get(word, word) for word in shlex.split(command)]
    code = f"import os, runpy, sys; r, w = os.pipe(); os.close(r); os.dup2(w, 1); sys.argv = {words!r}; "
    done = run("-c", f"{code}runpy.run_module({words[0]!r}, run_name='__main__')")
    assert (done.returncode, done.stderr) == (0, b"")
    assert out.exists() == ("OUT" in command)


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{software()}\n"


@pytest.fixture
def report(tmp_path, capsys):
    rows = pd.DataFrame(data()).rename(columns={"g": "学校"})
    rows["y"] += 50 * rows["x"]
    rows["学校"] = "学" + rows["学校"].astype(str)
    rows.loc[rows.index[:3], "x"] = None
    rows.to_csv(tmp_path / "d.csv", index=False)
    arguments = ["y ~ x + (1 | 学校)", str(tmp_path / "d.csv"), "--ddf", "satterthwaite"]
    main([*arguments, "--report", str(tmp_path / "r.html"), "--plot", str(tmp_path / "p.png")])
    return (tmp_path / "r.html").read_text("utf-8"), capsys.readouterr().err


def test_a_report_says_what_is_left_out_and_bounds_small_p_values(report):
    assert "177 rows of 180; 3 left out, with missing values in x (3)" in report[0]
    assert re.search("<td>&lt; ?2e-16</td>", report[0])


def test_figures_of_a_report_have_no_background_and_fit_where_the_page_is_narrow(report):
    style = re.search("<style>(.*?)</style>", report[0], re.S)[1]
    assert re.search(r"prefers-color-scheme: dark\) { img { filter: invert", style)
    assert "white-space: nowrap" in style
    assert "img { width: 100%; height: auto; }" in style
    figures = re.findall(r'(?:src|srcset)="data:image/png;base64,([^"]*)"', report[0])
    assert len(figures) == report[0].count("<img ") + report[0].count("<source ") == 5
    for figure in figures:
        corner = plt.imread(io.BytesIO(base64.b64decode(figure)), format="png")[0, 0]
        assert corner[3] == 0  # transparent


def test_panels_of_a_report_stand_below_each_other_on_a_telephone(file, tmp_path):
    """There, and in halves of the page, figures are 4.2 inches wide, so that their letters are no smaller than 8 px."""
    assert main(["y ~ x + (x | g)", file, "--report", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    wide, narrow = (
        plt.imread(io.BytesIO(base64.b64decode(re.search(rf'{name}="data:image/png;base64,([^"]*)"', page)[1])))
        for name in ("src", "srcset")
    )
    assert narrow.shape[0] > 1.5 * wide.shape[0]
    assert narrow.shape[1] < 4.5 * 150 < wide.shape[1]


def test_a_p_value_is_written_alike_in_all_of_a_report(file, tmp_path):
    options = ["--family", "poisson", "--report", str(tmp_path / "r.html")]
    assert main(["count ~ x + (1 | g)", file, *options]) == 0
    page = re.sub(r'(src|srcset)="[^"]*"', "", (tmp_path / "r.html").read_text("utf-8"))
    m = mlm.glmer("count ~ x + (1 | g)", mlm.read_data(file), "poisson")
    printed = re.search(r"^x .*? (<? ?\S+) \*+$", str(m.summary()), re.MULTILINE)[1]
    assert page.count(f"<td>{printed.replace('<', '&lt;')}</td>") == 2


def test_letters_without_a_font_are_said_in_one_sentence(report):
    page, said = report
    assert "Glyph" not in said
    assert said.count("show as boxes") == page.count("show as boxes") == 1


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


def test_help_names_the_endings_of_pictures(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert f"({' '.join(PICTURES)})" in " ".join(capsys.readouterr().out.split())
    from matplotlib.backend_bases import FigureCanvasBase

    assert {kind[1:] for kind in PICTURES} <= set(FigureCanvasBase.filetypes)
