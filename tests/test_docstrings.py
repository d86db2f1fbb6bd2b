"""The examples in the docstrings print what they say, and the reference page names every public object."""

import doctest
import importlib
import inspect
import pkgutil
import re
from functools import cached_property
from pathlib import Path

import pytest

import mlm
import replications

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    module.name
    for package in (mlm, replications)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    if not module.name.endswith("__main__")
)


# R's layout ends lines with blanks, which editors remove; last digits may depend on the machine
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("name", ["mlm", "replications", *MODULES])
def test_examples_run(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert result.failed == 0


@pytest.mark.parametrize("name", mlm.__all__)
def test_public_object_is_documented(name):
    thing = getattr(mlm, name)
    if not inspect.ismodule(thing):
        assert inspect.getdoc(thing)
    pages = "\n".join(page.read_text("utf8") for page in (ROOT / "book").glob("api_*.md"))
    assert re.search(rf"auto\w+:: (?:mlm\.)?{name}$", pages, re.MULTILINE), f"name {name} on a page book/api_*.md"


@pytest.mark.parametrize("name", [name for name in mlm.__all__ if inspect.isfunction(getattr(mlm, name))])
def test_public_function_shows_an_example(name):
    assert ">>>" in inspect.getdoc(getattr(mlm, name))


@pytest.mark.parametrize("name", ["coef", "ranef", "refit", "save", "summary", "varcorr", "vcov"])
def test_what_a_fit_is_asked_first_shows_an_example(name):
    assert ">>>" in inspect.getdoc(getattr(mlm.MixedModel, name))


def _attributes(thing):
    """Return the lines of a class's docstring that name its attributes."""
    section = re.search(r"^Attributes\n-+\n(.*?)(?=\n\n\S+\n-+\n|\Z)", inspect.getdoc(thing), re.DOTALL | re.MULTILINE)
    return re.findall(r"^(\S.*)$", section[1], re.MULTILINE) if section else []


@pytest.mark.parametrize("name", [name for name in mlm.__all__ if inspect.isclass(getattr(mlm, name))])
def test_reference_reads_the_types_of_a_class(name):
    """To Sphinx ``a, b : str`` is one attribute, and what stands before a colon in a property's first line its type."""
    thing = getattr(mlm, name)
    assert not [line for line in _attributes(thing) if "," in line.partition(" : ")[0]]
    properties = inspect.getmembers(thing, lambda member: isinstance(member, property | cached_property))
    first = {name: (inspect.getdoc(member) or "").partition("\n")[0] for name, member in properties if name[0] != "_"}
    assert not {name: line for name, line in first.items() if re.search(r":\s", re.sub(r"`+.*?`+", "", line))}
