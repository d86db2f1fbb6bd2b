"""The machine and the software a run was made with, without anything that names a person or a place."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from . import memory
from .peers import PROGRAMS

THREADS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
DISTRIBUTIONS = ("numpy", "scipy", "pandas", "formulaic", "narwhals")


def environment(threads: int) -> dict[str, str]:
    """The environment of a program: as many threads for each."""
    return os.environ | dict.fromkeys(THREADS, str(threads))


def machine() -> dict[str, Any]:
    """Describe processor, memory and system."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_bytes": memory.total(),
        "system": system(),
        "architecture": platform.machine(),
    }


def processor() -> str:
    """The processor's model as the system calls it."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return platform.processor() or platform.machine()


def system() -> str:
    """The operating system with its version."""
    with contextlib.suppress(OSError, KeyError):
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{platform.system()} {platform.release()}"


def software() -> dict[str, Any]:
    """Versions of all that takes part."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    versions = {program.name: program.version for program in PROGRAMS if not program.in_r and program.available}
    return {
        "Python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in DISTRIBUTIONS},
        "BLAS of NumPy": f"{blas['name']} {blas['version']}",
        "programs": versions | r_software(),
    }


def r_software() -> dict[str, Any]:
    """Versions of R, its packages and its BLAS; empty without R and lme4."""
    code = (
        "suppressMessages(library(lme4)); s <- sessionInfo(); cat(as.character(getRversion()), "
        'as.character(packageVersion("lme4")), basename(s$BLAS), basename(s$LAPACK), '
        'if (requireNamespace("glmmTMB", quietly = TRUE)) as.character(packageVersion("glmmTMB")) else "", sep = "\\n")'
    )
    try:
        done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {}
    r, lme4, blas, lapack, glmmtmb = done.stdout.split("\n")[:5]
    found = {"R": r, "lme4": lme4, "BLAS of R": blas, "LAPACK of R": lapack}
    return found | ({"glmmTMB": glmmtmb} if glmmtmb else {})


def load() -> float:
    """Processes that wanted to run in the last minute, on average."""
    return round(os.getloadavg()[0], 2)


def now() -> str:
    """The time in UTC, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def commit() -> str:
    """The commit the package is at, with a plus where files of mlm differ from it; empty if there is none."""
    root = Path(__file__).resolve().parent.parent
    try:
        shown = ["git", "-C", str(root), "log", "-1", "--format=%h"]
        head = subprocess.run(shown, capture_output=True, text=True, check=True).stdout.strip()
        status = ["git", "-C", str(root), "status", "--porcelain", "--", "mlm"]
        changed = subprocess.run(status, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + "+" * bool(changed)
