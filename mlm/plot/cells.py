"""Room for axes on a figure that a user made: names, labels and legends stay beside them, away from the neighbours.

Layout engines of matplotlib give room where the figure has one; where it has none, this does.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from ..errors import MlmWarning, users_stacklevel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["fit", "has_layout", "room", "say_no_room", "whole"]

PAD = 0.04
"""Inches between what belongs to axes and what belongs to others."""
LEAST = 1 / 3
"""Share of their width and height that axes keep, whatever stands beside them."""
ROUNDS = 4
"""Times that axes are measured again after they were made smaller: their ticks change then."""
STILL = 0.5
"""Pixels below which a move is none."""

_slots: WeakKeyDictionary[Axes, tuple[np.ndarray, np.ndarray]] = WeakKeyDictionary()
"""Of axes that were made smaller: where they had stood, and where they were put; in shares of the figure."""


def whole(ax: Axes) -> Figure:
    """Return the figure that axes are on, not a part of it."""
    return ax.figure.figure


def has_layout(ax: Axes) -> bool:
    """Whether the figure gives room to what stands beside its axes."""
    return whole(ax).get_layout_engine() is not None


def room(ax: Axes) -> tuple[float, float]:
    """Width and height in inches that axes share with what stands beside them."""
    slot = _in_pixels(ax, _slot(ax))
    left, bottom, right, top = _free(ax, slot)
    return (right - left) / whole(ax).dpi, (top - bottom) / whole(ax).dpi


def fit(ax: Axes) -> bool:
    """Make axes so small that all that belongs to them stands within their cell; say whether they have room there.

    The cell is where they stood, and what their neighbours leave free around it.
    """
    share = _slot(ax)
    slot = _in_pixels(ax, share)
    free = _free(ax, slot)
    least = LEAST * (slot[2:] - slot[:2])
    roomy = True
    for _ in range(ROUNDS):
        now = np.array(ax.bbox.extents)
        around = np.array((ax.get_tightbbox() or ax.bbox).extents)
        low = np.maximum(slot[:2], free[:2] + np.maximum(now[:2] - around[:2], 0))
        high = np.minimum(slot[2:], free[2:] - np.maximum(around[2:] - now[2:], 0))
        roomy = bool((high - low >= least - STILL).all())
        lacking = np.maximum(least - (high - low), 0)
        low, high = low - lacking / 2, high + lacking / 2
        moved = np.maximum(slot[:2] - low, 0) - np.maximum(high - slot[2:], 0)
        target = np.concatenate([low + moved, high + moved])
        if np.abs(target - now).max() < STILL:
            break
        _put(ax, target, share)
    return roomy


def say_no_room() -> None:
    """Warn that names, labels or a legend stand over something, as axes cannot be made smaller.

    Warns
    -----
    MlmWarning
    """
    warnings.warn(
        "The axes that were given have no room for all that stands beside them, which covers others or is cut. Make "
        'the figure with layout="constrained" or a larger figsize, such as plt.subplots(..., figsize=(12, 8), '
        'layout="constrained").',
        MlmWarning,
        stacklevel=users_stacklevel(),
    )


def _put(ax: Axes, target: np.ndarray, slot: np.ndarray) -> None:
    """Move axes to a place in pixels, and remember where they stood."""
    corners = ax.figure.transSubfigure.inverted().transform(target.reshape(2, 2)).ravel()
    ax.set_position((*corners[:2], *(corners[2:] - corners[:2])))
    ax.set_in_layout(True)
    _slots[ax] = slot, np.array(ax.get_position(original=True).extents)


def _slot(ax: Axes) -> np.ndarray:
    """Where axes stand, or stood before they were made smaller here: left, bottom, right, top as shares."""
    now = np.array(ax.get_position(original=True).extents)
    slot, ours = _slots.get(ax, (now, now))
    return slot if np.allclose(now, ours) else now


def _in_pixels(ax: Axes, shares: np.ndarray) -> np.ndarray:
    """Corners that are given as shares of the figure."""
    return np.asarray(ax.figure.transSubfigure.transform(shares.reshape(2, 2))).ravel()


def _free(ax: Axes, slot: np.ndarray) -> np.ndarray:
    """The cell around a slot in pixels: up to the sides of the figure, and to what others have there."""
    pad = PAD * whole(ax).dpi
    free = np.array(ax.figure.bbox.extents)
    for place, reach in _others(ax):
        across = min(place[2], slot[2]) - max(place[0], slot[0]) > STILL
        up = min(place[3], slot[3]) - max(place[1], slot[1]) > STILL
        if across == up:  # on the same place, or in another row and another column
            continue
        side = 0 if up else 1
        if place[side] < slot[side]:
            free[side] = max(free[side], reach[side + 2])
        else:
            free[side + 2] = min(free[side + 2], reach[side])
    return free + pad * np.array([1, 1, -1, -1])


def _others(ax: Axes) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of all else on the figure: where it stands, and how far it reaches, in pixels."""
    figure = whole(ax)
    for other in figure.axes:
        if other is not ax and other.get_visible():
            place = _in_pixels(other, _slot(other))
            yield place, _union(other.bbox.extents, other.get_tightbbox())
    parts: list[Any] = [figure, ax.figure] if ax.figure is not figure else [figure]
    for part in parts:
        for thing in (*part.texts, *part.legends):
            if thing.get_visible() and (thing in part.legends or thing.get_text().strip()):
                extents = np.array(thing.get_window_extent().extents)
                yield extents, extents


def _union(inner: Any, around: Any) -> np.ndarray:
    """How far axes reach: their own, smaller place, and what stands beside them."""
    boxes = np.array([inner] if around is None else [inner, around.extents])
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
