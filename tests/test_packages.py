"""What a user installs: wheel and sdist hold code, types, data and figure style, and work outside of the checkout."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaged import ROOT, build

from replications import registry

pytest.importorskip("setuptools.build_meta")

DATA = sorted(path.relative_to(ROOT / "data").as_posix() for path in (ROOT / "data").rglob("*") if path.is_file())
TOTAL = sum(len(registry.read(source).entries) for source in registry.SOURCES)
PACKAGED = ("mlm/py.typed", "mlm/__init__.pyi", "mlm/plot/figures.mplstyle", "replications/py.typed")


def test_the_wheel_holds_code_types_data_and_style(fresh):
    (wheel,) = (fresh.folder / "dist").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= {f"replications/files/{name}" for name in DATA}
    assert names >= set(PACKAGED)
    modules = {path.relative_to(ROOT).as_posix() for package in ("mlm", "replications") for path in modules_of(package)}
    assert {name for name in names if name.endswith(".py")} == modules
    stored = {path.relative_to(ROOT).as_posix() for path in (ROOT / "replications" / "records").iterdir()}
    assert names >= stored


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "usage: python tools/packages.py FOLDER"),
        (["--help"], "usage: "),
        (["out", "weel"], "usage: "),
        (["file"], "File exists"),
        (["file/below"], "Not a directory"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_sentence(arguments, said, tmp_path):
    (tmp_path / "file").write_text("")
    command = [sys.executable, ROOT / "tools" / "packages.py", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


@pytest.mark.parametrize("found", ["65.5.0", None])
def test_a_setuptools_that_is_too_old_is_named(found, tmp_path):
    code = f"""
import runpy, sys, importlib.metadata as of
def version(name):
    if not {found!r}:
        raise of.PackageNotFoundError(name)
    return {found!r}
of.version, sys.argv = version, ["packages.py", {str(tmp_path / "out")!r}]
runpy.run_path({str(ROOT / "tools" / "packages.py")!r}, run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert (
        done.stderr
        == f'This needs setuptools 77 or later, and {found or "none"} is here: pip install "setuptools>=77"\n'
    )


def test_all_pages_say_what_the_notebooks_need():
    for page in ("README.md", "book/run.md"):
        words = (ROOT / page).read_text("utf-8")
        assert "whl[notebooks]" in words
        assert "wheel alone" not in words


def modules_of(package):
    return (ROOT / package).rglob("*.py")


def test_the_sdist_holds_what_the_wheel_is_built_from(tmp_path):
    archive = build(tmp_path, "sdist")
    with tarfile.open(archive) as file:
        names = {str(Path(*Path(name).parts[1:])) for name in file.getnames()}
    assert names >= {f"data/{name}" for name in DATA}
    assert names >= {"setup.py", "pyproject.toml", "LICENSE", "README.md", "CITATION.cff", *PACKAGED}
    assert not [name for name in names if name.startswith(("tests", "book", "_build"))]


def test_the_package_is_that_of_the_wheel(fresh):
    done = fresh.run("-c", "import mlm, replications; print(mlm.__file__); print(replications.__file__)")
    assert all(Path(line).is_relative_to(fresh.site) for line in done.stdout.split())


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("print(replications.load('heck2011').shape)", "(6871, 3)"),
        ("print(list(replications.codebook('heck2011').index))", "['schcode', 'math', 'ses']"),
        ("print(replications.results('day1_basics').shape)", "(36, 5)"),
        ("mlm.plot.use_style(); import matplotlib; print(matplotlib.rcParams['font.size'])", "12.0"),
        (
            "m = mlm.lmer('math ~ 1 + (1 | schcode)', replications.load('heck2011')); print(m.summary())",
            "57.6742     0.1883",
        ),
    ],
)
def test_a_user_gets_data_codebook_and_style(code, printed, fresh):
    assert printed in fresh.run("-c", f"import mlm, replications; {code}").stdout


def test_a_check_leaves_nothing_behind_in_the_installation(fresh):
    code = "import replications; p = replications.published('learn_mlms_ch4'); p.check('data.n_schools', 419)"
    fresh.run("-c", code)
    assert not (fresh.site / "_build").exists()


def test_what_needs_the_repository_says_so(fresh):
    done = fresh.run("-m", "replications", "check", check=False)
    assert done.returncode == 2
    assert "needs the project's repository" in done.stderr


def test_a_formula_and_a_file_are_enough(fresh):
    fresh.run("-c", "import replications; replications.load('heck2011').to_csv('scores.csv', index=False)")
    done = fresh.run("-m", "mlm", "math ~ ses + (1 | schcode)", "scores.csv", "--report", "fit.html")
    assert "ses           3.8739     0.1366   28.35" in done.stdout
    assert "<footer>mlm " in (fresh.folder / "away" / "fit.html").read_text("utf-8")


def test_the_numbers_can_be_looked_up_without_the_repository(fresh):
    assert f"{TOTAL:,} numbers" in fresh.run("-m", "replications", "list").stdout
    assert "printed 0.138" in fresh.run("-m", "replications", "show", "learn_mlms_ch4", "icc").stdout
