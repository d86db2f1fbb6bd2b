"""Figures of how time and memory grow, from stored results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

import mlm

# colours of Okabe and Ito; line and marker tell programs apart without them
LOOKS = {
    "mlm": ("#0072B2", "-", "o"),
    "lme4": ("#D55E00", "-", "s"),
    "statsmodels": ("#000000", "--", "^"),
    "mixedlm": ("#009E73", "--", "D"),
    "mixedlm-rs": ("#009E73", ":", "v"),
    "interlace-lme": ("#CC79A7", "--", "P"),
    "kamino-lme": ("#E69F00", "--", "X"),
    "lme-python": ("#56B4E9", "--", "<"),
    "glmm": ("#8C7A00", "-", "h"),
    "glmmTMB": ("#D55E00", ":", "p"),
    "gpboost": ("#666666", ":", ">"),
}
LEAST_MEMORY = 0.1  # MB; less than this is the noise of the allocator
AXES = {"rows": "rows, a hundred a group", "levels": "levels of the two crossed factors together"}

Curves = dict[str, tuple[np.ndarray, np.ndarray]]


def curves(results: dict[str, Any], series: str, quantity: str) -> Curves:
    """Collect a program's points on a growth curve.

    Parameters
    ----------
    results : dict
    series : {"rows", "levels"}
    quantity : {"median", "peak_bytes"}

    Returns
    -------
    dict
        Program -> sizes and seconds or MB, by size.
    """
    found: Curves = {}
    for program in LOOKS:
        points = []
        for m in results["measurements"]:
            about = results["cases"].get(m["case"])
            if m["program"] == program and m["state"] == "fitted" and about and about["series"] == series:
                points.append((about["size"], m[quantity] / (2**20 if quantity == "peak_bytes" else 1)))
        if quantity == "peak_bytes":
            points = [(size, mb) for size, mb in points if mb >= LEAST_MEMORY]
        if points:
            sizes, values = np.array(sorted(points)).T
            found[program] = sizes, values
    return found


def growth(results: dict[str, Any], series: str) -> Figure | None:
    """Draw time and peak memory against the size of a series; None with fewer than two sizes."""
    time, memory = curves(results, series, "median"), curves(results, series, "peak_bytes")
    if max((len(sizes) for sizes, _ in time.values()), default=0) < 2:
        return None
    with plt.style.context("default"):
        mlm.plot.use_style()
        figure, (above, below) = plt.subplots(2, 1, figsize=(6.6, 7.6), sharex=True)
        _draw(above, time, "seconds a fit")
        _draw(below, memory, "peak memory of a fit, MB")
        sizes, data = _data_size(results, series)
        below.plot(sizes, data, color="#999999", linewidth=5, alpha=0.45, zorder=1)
        below.annotate("the data", (sizes[0], data[0]), (16, -3), textcoords="offset points", color="#666666")
        below.set_xticks(sizes)
        below.minorticks_off()
        below.yaxis.set_minor_locator(LogLocator(subs="auto"))
        below.set_xlabel(AXES[series])
    return figure


def _draw(axes: Axes, lines: Curves, title: str) -> None:
    axes.set(xscale="log", yscale="log")
    axes.set_title(title, loc="left")
    for program, (x, y) in lines.items():
        colour, dash, marker = LOOKS[program]
        ours = program == "mlm"
        width, order = (3.0, 5) if ours else (1.4, 3)
        axes.plot(x, y, dash, color=colour, marker=marker, linewidth=width, zorder=order, markersize=6 if ours else 5)
    axes.margins(x=0.03)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    _label(axes, lines)


def _label(axes: Axes, lines: Curves) -> None:
    """Write each program's name to the right of the panel, as near to its line's end as there is room."""
    order = sorted(lines, key=lambda program: lines[program][1][-1])
    low, high = np.log(axes.get_ylim())
    wanted = np.array([(np.log(lines[program][1][-1]) - low) / (high - low) for program in order])
    places = _spread(wanted, 0.075)
    leader = {"arrowstyle": "-", "linewidth": 0.6, "alpha": 0.6, "shrinkB": 3, "relpos": (0, 0.5)}
    for program, place in zip(order, places, strict=True):
        x, y = lines[program]
        colour = LOOKS[program][0]
        axes.annotate(
            program,
            (x[-1], y[-1]),
            (1.04, place),
            textcoords="axes fraction",
            va="center",
            color=colour,
            weight="bold" if program == "mlm" else "normal",
            arrowprops=leader | {"color": colour},
        )


def _spread(wanted: np.ndarray, gap: float) -> np.ndarray:
    """Move ascending positions apart until they are `gap` apart, as little as possible, around their middle."""
    places = wanted.copy()
    for _ in range(200):
        close = np.flatnonzero(np.diff(places) < gap - 1e-9)
        if not len(close):
            break
        for k in close:
            middle = (places[k] + places[k + 1]) / 2
            places[k], places[k + 1] = middle - gap / 2, middle + gap / 2
    return places


def _data_size(results: dict[str, Any], series: str) -> tuple[np.ndarray, np.ndarray]:
    points = [(c["size"], c["data_bytes"] / 2**20) for c in results["cases"].values() if c["series"] == series]
    sizes, data = np.array(sorted(points)).T
    return sizes, data


def save(figure: Figure, path: Path) -> None:
    """Write an SVG file that is the same for the same results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": path.stem}):
        figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    # trailing blanks are in every path that matplotlib writes
    path.write_text("".join(line.rstrip() + "\n" for line in path.read_text("utf8").splitlines()), "utf8")
