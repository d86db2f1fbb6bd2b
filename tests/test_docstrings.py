"""The examples in the docstrings print what they say, and the reference page names every public object."""

import doctest
import importlib
import inspect
import pkgutil
import pydoc
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


# Characters that a box of the reference holds on a screen of 1280 pixels, of a function and of a class's member.
BOX, BOX_OF_MEMBER = 92, 87


def _shown():
    """The docstrings of the book's pages, each with its name and whether it is a member's."""
    directive = re.compile(r"^\.\. auto(?:function|class|exception):: ([\w.]+)$", re.MULTILINE)
    for page in sorted((ROOT / "book").glob("*.md")):
        for name in directive.findall(page.read_text("utf8")):
            thing = pydoc.locate(name) or pydoc.locate(f"mlm.{name}") or pydoc.locate(f"replications.{name}")
            yield name, thing, False
            members = inspect.getmembers(thing) if inspect.isclass(thing) else []
            yield from ((f"{name}.{own}", member, True) for own, member in members if own[0] != "_")


def _wide(text, width):
    """The lines of a docstring's examples that are longer than a box is wide."""
    examples = re.findall(r"^ *>>> .*(?:\n.+)*", text or "", re.MULTILINE)
    return [line for line in "\n".join(examples).split("\n") if len(line) > width]


def test_examples_fit_the_boxes_of_the_reference():
    """Neither what is typed nor what is printed scrolls sideways."""
    shown = list(_shown())
    assert len(shown) > 300
    wide = {name: _wide(inspect.getdoc(thing), BOX_OF_MEMBER if member else BOX) for name, thing, member in shown}
    assert not {name: lines for name, lines in wide.items() if lines}


def test_what_the_reference_leaves_out_are_members():
    config = pytest.importorskip("yaml").safe_load((ROOT / "_config.yml").read_text("utf-8"))
    left_out = config["sphinx"]["config"]["autodoc_default_options"]["exclude-members"].split(",")
    models = (mlm.MixedModel, mlm.GeneralizedMixedModel, mlm.LinearModel, mlm.GeneralizedLinearModel, mlm.ModelFrame)
    assert not [name for name in map(str.strip, left_out) if not any(hasattr(model, name) for model in models)]
