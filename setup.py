"""The wheel carries the folder data/ within the package that reads it; all else stands in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithData(build_py):
    """Copies data/ beside the modules of `replications`; an editable install reads it where it stands."""

    def run(self) -> None:
        """Build the packages, then copy."""
        super().run()
        if not self.editable_mode:
            self.copy_tree("data", str(Path(self.build_lib, "replications", "files")))


setup(cmdclass={"build_py": WithData})
