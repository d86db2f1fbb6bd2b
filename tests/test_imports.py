"""What importing costs: matplotlib and the slow parts of SciPy are loaded where they are used, not before."""

import subprocess
import sys

import pytest

ALL = """
import importlib, pkgutil, mlm
for module in pkgutil.walk_packages(mlm.__path__, "mlm."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""
SHOW = """
import sys
print(*(name for name in ("matplotlib", "scipy.stats", "scipy.optimize", "nlopt") if name in sys.modules))
"""


@pytest.mark.parametrize("code", ["import mlm", ALL], ids=["mlm", "all modules"])
def test_nothing_slow_is_loaded(code):
    done = subprocess.run([sys.executable, "-c", code + SHOW], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
