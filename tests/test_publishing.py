"""What publishes and cites the project: workflows, citation, and what the public repository's address turns on."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

import mlm
from replications import registry

pytest.importorskip("sphinx_book_theme", reason="the extra `book` is not installed")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "book" / "_ext"))

import downloads
import plain
import repository
from sphinx.errors import ConfigError

from tools import metadata

ROOT = Path(__file__).resolve().parent.parent
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / ".github" / "workflows").glob("*")}
PLAIN = str.maketrans("", "", "{}")


def commands(workflow):
    return [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]


def triggers(workflow):
    return workflow[True]  # YAML takes the key `on` for a truth value


def test_the_citation_is_that_of_the_package():
    assert CITATION["version"] == mlm.__version__
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["keywords"] == PROJECT["keywords"]
    assert [author["name"] for author in CITATION["authors"]] == [author["name"] for author in PROJECT["authors"]]
    assert CITATION["title"] == CONFIG["title"] == plain.title_of(ROOT / "book" / "intro.md")


@pytest.mark.parametrize("name", metadata.files())
def test_metadata_come_from_one_place(name):
    assert (ROOT / name).read_text("utf-8") == metadata.files()[name], "python tools/metadata.py"


def test_metadata_agree_with_each_other():
    codemeta, zenodo = (json.loads((ROOT / name).read_text("utf-8")) for name in ("codemeta.json", ".zenodo.json"))
    assert CITATION["title"] == codemeta["name"] == zenodo["title"]
    assert CITATION["version"] == codemeta["version"] == zenodo["version"] == mlm.__version__
    assert CITATION["abstract"] == codemeta["description"] == zenodo["description"]
    assert CITATION["keywords"] == codemeta["keywords"] == zenodo["keywords"] == PROJECT["keywords"]
    names = [author["name"] for author in CITATION["authors"]]
    assert names == [author["name"] for author in codemeta["author"]] == [one["name"] for one in zenodo["creators"]]
    assert codemeta["license"].endswith(f"/{CITATION['license']}")
    assert CITATION["license"] == zenodo["license"]
    assert [work["title"] for work in CITATION["references"]] == [work["name"] for work in codemeta["citation"]]


def test_the_citation_names_the_tutorials():
    entries = (ROOT / "book" / "references.bib").read_text("utf-8")
    replicated = re.findall(r"\{cite:t\}`(\w+)`", (ROOT / "book" / "references.md").read_text("utf-8"))
    cited = {registry.read(source).chapter["cite"] for source in registry.SOURCES}
    assert set(replicated) == cited - {""}
    assert {entry["title"] for entry in CITATION["references"]} == {
        re.search(rf"\{{{key},(?:(?!\n\}}).)*?\n  title = \{{(.*?)\}},\n", entries, re.DOTALL)[1].translate(PLAIN)
        for key in replicated
    }


def test_the_address_of_the_repository_is_the_same_everywhere():
    """It is empty until there is one; then it stands in _config.yml, CITATION.cff and pyproject.toml."""
    stated = CONFIG["repository"]["url"]
    assert CITATION.get("repository-code", "") == stated
    assert PROJECT.get("urls", {}).get("Repository", "") == stated


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_call_what_there_is(name):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for command in commands(WORKFLOWS[name]):
        assert set(re.findall(r"\bmake ([\w-]+)", command)) <= targets
        assert all((ROOT / script).exists() for script in re.findall(r"\btools/\w+\.py", command))


def test_the_book_is_published_from_main_and_the_wheel_from_tags():
    workflow = WORKFLOWS["publish"]
    assert triggers(workflow)["push"] == {"branches": ["main"], "tags": ["v*"]}
    book, wheel = (workflow["jobs"][name] for name in ("book", "wheel"))
    assert "branch" in book["if"]
    assert "tag" in wheel["if"]
    assert any(f'push -q --force "$PLACE" {repository.BRANCH}' in step.get("run", "") for step in book["steps"])
    assert any("gh release create" in step.get("run", "") for step in wheel["steps"])


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://github.com/ada/engines", "https://ada.github.io/engines"),
        ("https://github.com/Ada/engines.git", "https://ada.github.io/engines"),
        ("https://github.com/ada/ada.github.io/", "https://ada.github.io"),
    ],
)
def test_the_site_follows_from_the_address(url, site):
    assert repository.at(url).site == site


@pytest.mark.parametrize("url", ["github.com/ada/engines", "https://example.org/engines", "https://github.com/ada"])
def test_an_address_of_another_form_is_refused(url):
    with pytest.raises(ConfigError, match=re.escape(f"got {url!r}")):
        repository.at(url)


def test_no_address_turns_nothing_on():
    assert repository.at("") is None


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A book of the first page and one chapter, built with the address of a repository."""
    folder = tmp_path_factory.mktemp("published")
    config = (ROOT / "_config.yml").read_text("utf-8").replace('  url: ""', '  url: "https://github.com/ada/engines"')
    assert config.count("ada/engines") == 1
    (folder / "_config.yml").write_text(config, "utf-8")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/intro\nchapters:\n- file: book/learn_mlms_ch4\n")
    (folder / "book").mkdir()
    for name in ("intro.md", "learn_mlms_ch4.ipynb", "references.bib"):
        shutil.copy(ROOT / "book" / name, folder / "book" / name)
    for name in ("_ext", "_static"):
        (folder / "book" / name).symlink_to(ROOT / "book" / name)
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "_build" / "html"


@pytest.mark.slow
def test_the_address_turns_on_the_buttons(published):
    page = (published / "book" / "learn_mlms_ch4.html").read_text("utf-8")
    links = set(re.findall(r'href="(https://[^"]*)"', page))
    file = "downloads/learn_mlms_ch4.ipynb"
    assert "https://github.com/ada/engines" in links
    assert "https://github.com/ada/engines/blob/main/book/learn_mlms_ch4.ipynb?plain=1" in links
    assert any(link.startswith("https://github.com/ada/engines/issues/new") for link in links)
    assert f"https://mybinder.org/v2/gh/ada/engines/gh-pages?urlpath=lab/tree/{file}" in links
    assert f"https://colab.research.google.com/github/ada/engines/blob/gh-pages/{file}" in links
    assert (published / file).exists()


@pytest.mark.slow
def test_the_first_page_says_where_to_report_a_mistake_and_how_to_cite(published):
    page = (published / "book" / "intro.html").read_text("utf-8")
    assert 'href="https://github.com/ada/engines/issues"' in page
    assert "https://ada.github.io/engines" in page
    assert "mybinder" not in page


@pytest.mark.slow
def test_what_binder_and_colab_open_installs_the_wheel(published):
    wheel = f"{downloads.FOLDER}/{downloads.WHEEL}"
    assert (published / "binder" / "requirements.txt").read_text("utf-8") == f"./{wheel}[notebooks]\n"
    assert (published / wheel).exists()
    notebook = nbformat.read(published / "downloads" / "learn_mlms_ch4.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert f"https://ada.github.io/engines/{wheel}" in notebook.cells[1].source
    assert "%pip" not in (published / "downloads" / "learn_mlms_ch4.py").read_text("utf-8")


def test_tests_run_on_three_systems_with_the_oldest_and_the_newest_python():
    job = WORKFLOWS["ci"]["jobs"]["everywhere"]
    assert {place.partition("-")[0] for place in job["strategy"]["matrix"]["os"]} == {"ubuntu", "macos", "windows"}
    assert job["strategy"]["matrix"]["python"] == [PROJECT["requires-python"].removeprefix(">="), "3.x"]
    assert not any("make" in step.get("run", "") for step in job["steps"])
