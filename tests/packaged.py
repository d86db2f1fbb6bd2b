"""A fresh environment with the wheel in it and nothing of the checkout, for tests of what a user installs."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build(folder, kind):
    """Build the wheel or the sdist into a folder."""
    command = [sys.executable, ROOT / "tools" / "packages.py", folder, kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


class Fresh:
    """A virtual environment outside of the checkout.

    The wheel is installed in it. Libraries come from the environment that runs the tests, whose links to the checkout
    are not followed: they stand in .pth files, which Python reads in its own site-packages only.
    """

    def __init__(self, folder):
        self.folder = folder
        venv.create(folder / "env")
        scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        self.python = scripts / ("python.exe" if os.name == "nt" else "python")
        self.env = {
            name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MLM_CHECKS", "MPLBACKEND")
        }
        self.env |= {"MLM_ORIGINALS": ""}
        wheel = build(folder / "dist", "wheel")
        install = [sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check", "install", "-q"]
        subprocess.run([*install, "--no-deps", "--no-index", wheel], check=True, capture_output=True)
        site = self.run("-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").stdout.strip()
        self.site = Path(site)
        (self.site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"], "utf-8")

    def run(self, *arguments, check=True):
        """Run Python in a folder of its own."""
        away = self.folder / "away"
        away.mkdir(exist_ok=True)
        done = subprocess.run(
            [self.python, *arguments],
            cwd=away,
            env=self.env | {"MPLBACKEND": "agg"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def kernel(self):
        """Write the description of a Jupyter kernel of this environment; return the folder to look for it."""
        folder = self.folder / "jupyter"
        place = folder / "kernels" / "fresh"
        place.mkdir(parents=True, exist_ok=True)
        command = [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=40"]
        about = {"argv": command, "display_name": "fresh", "language": "python"}
        (place / "kernel.json").write_text(json.dumps(about), "utf-8")
        return folder
