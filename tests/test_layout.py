"""The house: imports run down only, every module has its place, every package says what it is for."""

import configparser
import importlib
import pkgutil
import tomllib
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports
from packaging.requirements import Requirement

import mlm
import replications

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(
    module.name
    for package in (mlm, replications)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    if module.ispkg
)


@pytest.fixture
def contracts():
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    return parser


def test_imports_run_downwards(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename=".importlinter", no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


def test_a_climbing_import_would_be_seen(monkeypatch, capsys, contracts, tmp_path):
    """With two floors exchanged the same check fails, and names the file."""
    house = contracts["importlinter:contract:house"]
    assert "crossproducts\nframe | report" in house["layers"]
    house["layers"] = house["layers"].replace("crossproducts\nframe | report", "frame | report\ncrossproducts")
    upside_down = tmp_path / "importlinter.ini"
    with upside_down.open("w", encoding="utf-8") as file:
        contracts.write(file)
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename=str(upside_down), no_cache=True, no_logo=True) == 1
    assert "mlm.crossproducts.bases -> mlm.frame.grouping" in capsys.readouterr().out


def test_nothing_below_comes_in_by_the_front_door():
    """The names of `mlm` itself are loaded when asked for: contracts cannot see what ``from mlm import lmer`` needs."""
    importers = grimp.build_graph("mlm", "replications", cache_dir=None).find_modules_that_directly_import("mlm")
    assert any(name.startswith("replications.") for name in importers)  # such imports are seen
    assert not {name for name in importers if name.startswith("mlm.")}


def test_every_package_has_its_contract(contracts):
    """Layers, exhaustive: a module that nobody placed fails. One module alone needs no order."""
    layered = {
        section["containers"] for section in contracts.values() if section.get("type") == "layers"
        and section.getboolean("exhaustive")
    }  # fmt: skip
    assert layered == {"mlm", "replications", *PACKAGES}


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_says_in_a_few_lines_what_it_is_for(name):
    lines = importlib.import_module(name).__doc__.strip().splitlines()
    assert lines[0].endswith(".")
    assert len(lines) <= 12


def test_every_minimum_is_tested():
    """What ``make oldest`` installs is the lowest that pyproject.toml allows, of all that the packages import."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    extras = project["optional-dependencies"]
    lowest = {}
    for text in (*project["dependencies"], *extras["originals"], *extras["nlopt"], *extras["docx"]):
        needed = Requirement(text)
        (lowest[needed.name],) = (bound.version for bound in needed.specifier if bound.operator == ">=")
    lines = (ROOT / "constraints-oldest.txt").read_text("utf8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    tested = {pin.name: pin.specifier for pin in pins}
    assert set(lowest) <= set(tested)
    for name, version in lowest.items():
        assert str(tested[name]).startswith("=="), name
        assert tested[name].contains(version), f"{name} {version} is allowed, {tested[name]} is tested"
