"""What the public repository's address turns on: ``repository: url:`` in ``_config.yml``, empty until there is one.

With an address on GitHub every page has buttons for the source and for a new issue, and every chapter has buttons that
open its plain notebook on Binder and on Colab. These take the notebooks from the branch `BRANCH`, where
``.github/workflows/publish.yml`` puts the built book; ``binder/requirements.txt`` in it tells Binder to install the
wheel beside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sphinx.errors import ConfigError

BRANCH = "gh-pages"
GITHUB = re.compile(r"https://github\.com/(?P<owner>[\w-]+)/(?P<name>[\w.-]+)")
BUTTONS = ("use_repository_button", "use_issues_button", "use_source_button")


@dataclass(frozen=True)
class Repository:
    """A public repository on GitHub.

    Attributes
    ----------
    owner, name : str
    """

    owner: str
    name: str

    @property
    def url(self) -> str:
        """Its page."""
        return f"https://github.com/{self.owner}/{self.name}"

    @property
    def issues(self) -> str:
        """Where a mistake is reported."""
        return f"{self.url}/issues"

    @property
    def site(self) -> str:
        """The folder on GitHub Pages that shows the book."""
        host = f"{self.owner.lower()}.github.io"
        return f"https://{host}" if self.name.lower() == host else f"https://{host}/{self.name}"

    def binder(self, file: str) -> str:
        """Where Binder opens a file of the built book."""
        return f"https://mybinder.org/v2/gh/{self.owner}/{self.name}/{BRANCH}?urlpath=lab/tree/{file}"

    def colab(self, file: str) -> str:
        """Where Colab opens a file of the built book."""
        return f"https://colab.research.google.com/github/{self.owner}/{self.name}/blob/{BRANCH}/{file}"


def at(url: str) -> Repository | None:
    """Return the repository at an address; None where there is no address.

    Raises
    ------
    ConfigError
        The address is not of the form ``https://github.com/OWNER/NAME``.

    Examples
    --------
    >>> at("https://github.com/ada/engines").site
    'https://ada.github.io/engines'
    """
    if not url:
        return None
    found = GITHUB.fullmatch(url.rstrip("/").removesuffix(".git"))
    if found is None:
        raise ConfigError(f"repository: url: is https://github.com/OWNER/NAME or empty; got {url!r}.")
    return Repository(found["owner"], found["name"])


def of_book(config: Any) -> Repository | None:
    """Return the repository that the book's configuration names."""
    return at(config.html_theme_options.get("repository_url", ""))


def turn_on(app: Any, config: Any) -> None:
    """Turn on the theme's buttons, and give the pages their public address."""
    home = of_book(config)
    if home is not None:
        config.html_theme_options |= {"repository_url": home.url} | dict.fromkeys(BUTTONS, True)
        config.html_baseurl = f"{home.site}/"


def launch_buttons(home: Repository, file: str) -> dict[str, Any]:
    """Return a group of buttons that open a file of the built book where it runs."""
    places = {
        "Binder": (home.binder(file), "logo_binder.svg"),
        "Colab": (home.colab(file), "logo_colab.png"),
    }
    buttons = [
        {"type": "link", "url": url, "text": name, "tooltip": f"Run on {name}", "icon": f"_static/images/{logo}"}
        for name, (url, logo) in places.items()
    ]
    group = {"type": "group", "icon": "fas fa-rocket", "tooltip": "Run this chapter", "label": "launch-buttons"}
    return group | {"buttons": buttons}


def write_environment(folder: Path, wheel: str) -> None:
    """Write what Binder installs, and the file without which GitHub Pages leaves out folders like ``_static``."""
    (folder / ".nojekyll").touch()
    (folder / "binder").mkdir(exist_ok=True)
    (folder / "binder" / "requirements.txt").write_text(f"./{wheel}[notebooks]\n", "utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Read the setting before the theme does."""
    app.connect("config-inited", turn_on, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
