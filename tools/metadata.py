"""Write CITATION.cff, codemeta.json and .zenodo.json from pyproject.toml and the bibliography.

    python tools/metadata.py

Name, version, licence, authors, keywords, dependencies and address are those of pyproject.toml, where the table
``[tool.metadata]`` has title, abstract and the date of the version. The tutorials are the entries of
book/references.bib that the registries cite; their fields ``found`` and ``license`` are for these files alone.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml
from pybtex.database import Entry, Person, parse_file

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import mlm  # noqa: E402
from replications import registry  # noqa: E402

NOTE = "# written by `python tools/metadata.py` from pyproject.toml and book/references.bib; do not edit\n"
URL = re.compile(r"\\url\{([^}]*)\}")
CODEMETA = "https://doi.org/10.5063/schema/codemeta-2.0"


def files() -> dict[str, str]:
    """Return what the three files are to be."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project, said = about["project"], about["tool"]["metadata"]
    works = sources()
    shown = yaml.safe_dump(_citation(project, said, works), sort_keys=False, allow_unicode=True, width=110)
    return {
        "CITATION.cff": NOTE + shown,
        "codemeta.json": _json(_codemeta(project, said, works)),
        ".zenodo.json": _json(_zenodo(project, said, works)),
    }


def sources() -> list[dict[str, Any]]:
    """Return the tutorials, as CITATION.cff has them, in the order of the book."""
    entries = parse_file(ROOT / "book" / "references.bib").entries
    cited = [registry.read(key).chapter["cite"] for key in registry.SOURCES]
    return [_reference(entries[key]) for key in cited if key]


def _reference(entry: Entry) -> dict[str, Any]:
    note = entry.fields.get("note", "")
    year = entry.fields.get("year", "")
    given = {
        "type": "generic",
        "title": _plain(entry.fields["title"]),
        "authors": [_author(person) for person in entry.persons["author"]],
        "year": int(year[:4]) if year[:4].isdigit() else None,
        "url": entry.fields.get("found"),
        "license": entry.fields.get("license"),
        "notes": _plain(URL.sub(r"\1", note)),
    }
    return {name: value for name, value in given.items() if value}


def _author(person: Person) -> dict[str, str]:
    family, given = (" ".join(names) for names in (person.prelast_names + person.last_names, person.first_names))
    if not given:
        return {"name": _plain(family)}
    return {"family-names": family, "given-names": " ".join([given, *person.middle_names])}


def _plain(text: str) -> str:
    return re.sub(r"[{}]", "", text).replace("--", "-")


def _citation(project: dict[str, Any], said: dict[str, Any], works: list[dict[str, Any]]) -> dict[str, Any]:
    repository = project.get("urls", {}).get("Repository")
    return {
        "cff-version": "1.2.0",
        "message": "If you use this project, please cite it, and the tutorial you worked with.",
        "title": said["title"],
        "abstract": said["abstract"],
        "type": "software",
        "authors": [{"name": author["name"]} for author in project["authors"]],
        "version": mlm.__version__,
        "date-released": said["released"],
        "license": project["license"],
        **({"repository-code": repository} if repository else {}),
        "keywords": project["keywords"],
        "references": works,
    }


def _codemeta(project: dict[str, Any], said: dict[str, Any], works: list[dict[str, Any]]) -> dict[str, Any]:
    repository = project.get("urls", {}).get("Repository")
    return {
        "@context": CODEMETA,
        "@type": "SoftwareSourceCode",
        "name": said["title"],
        "identifier": project["name"],
        "description": said["abstract"],
        "version": mlm.__version__,
        "datePublished": f"{said['released']}",
        "license": f"https://spdx.org/licenses/{project['license']}",
        "author": [{"@type": "Organization", "name": author["name"]} for author in project["authors"]],
        "keywords": project["keywords"],
        "programmingLanguage": "Python",
        "runtimePlatform": f"Python {project['requires-python']}",
        "softwareRequirements": project["dependencies"],
        **({"codeRepository": repository} if repository else {}),
        "citation": [
            {"@type": "CreativeWork", "name": work["title"], **({"url": work["url"]} if "url" in work else {})}
            for work in works
        ],
    }


def _zenodo(project: dict[str, Any], said: dict[str, Any], works: list[dict[str, Any]]) -> dict[str, Any]:
    urls = dict.fromkeys(work["url"] for work in works if "url" in work)
    return {
        "title": said["title"],
        "description": said["abstract"],
        "upload_type": "software",
        "version": mlm.__version__,
        "publication_date": f"{said['released']}",
        "license": project["license"],
        "creators": [{"name": author["name"]} for author in project["authors"]],
        "keywords": project["keywords"],
        "language": "eng",
        "related_identifiers": [{"identifier": url, "relation": "references"} for url in urls],
    }


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write what differs, and say so; return the exit status."""
    for name, content in files().items():
        path = ROOT / name
        same = path.exists() and path.read_text("utf-8") == content
        if not same:
            path.write_text(content, "utf-8")
        print(f"{name}: {'unchanged' if same else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
