"""How much memory this process holds, and the most it held since a moment one chooses."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def release() -> None:
    """Give freed memory back to the system, so that a fit cannot hide what it takes in what was left over."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _status(field: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def restart() -> int:
    """Count the peak from now on; return the bytes held now."""
    release()
    if not STATUS.exists():
        return peak()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak() -> int:
    """Return the most bytes held since `restart` (where there is no /proc: since the process began)."""
    if STATUS.exists():
        return _status("VmHWM")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def limit(share: float = 0.85) -> None:
    """Let this process have no more than a share of the machine's memory: it then fails, not the machine."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        resource.setrlimit(resource.RLIMIT_DATA, (int(share * total()), resource.RLIM_INFINITY))


def total() -> int:
    """Return the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
