"""On axes of a user's figure without layout: nothing is cut or stands over a neighbour, or one warning says so."""

import warnings

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from pictures import flat, model, names, rows, several, text_levels
from test_looks import ROUNDING, texts

import mlm
from mlm import plot

pytestmark = pytest.mark.slow

FIGURES = [((1, 3), (9, 3)), ((2, 2), (6.4, 4.8)), ((3, 1), (6.4, 4.8))]
# share of the width that axes keep
LEAST = 1 / 3 - 0.01


def on_one(n):
    """Figures on one axes, by their names; of names with n letters."""
    few = [f"model {k}".ljust(n, "m") for k in range(3)]
    return {
        "effect": lambda ax: mlm.effect(text_levels(3, n), "g").plot(ax=ax),
        "likert": lambda ax: mlm.effect(mlm.lm("y ~ answer", rows(3, 5)), "answer").plot(ax=ax, title="Answers"),
        "at": lambda ax: mlm.effect(text_levels(3, n), "x", at={"g": names(3, n)}).plot(ax=ax),
        "models": lambda ax: plot.dot_and_whisker(several(3), few, ax=ax),
        "terms": lambda ax: plot.dot_and_whisker(text_levels(3, n), ax=ax),
        "lines": lambda ax: plot.group_lines(rows(3, n), "x", y="y", by="g", ax=ax, title="Lines"),
        "modes": lambda ax: plot.ranef_histogram(model(40, n), "x", ax=ax),
        "residuals": lambda ax: plot.residual_histogram(model(40, n), ax=ax),
        "curve": lambda ax: plot.likelihood_curve(flat(), ax=ax),
    }


def on_several(n):
    """Figures on three axes."""
    return {
        "caterpillar": lambda ax: plot.caterpillar(model(3, n), ax=ax, title="Modes"),
        "histogram": lambda ax: plot.facet_histogram(rows(3, n), "y", "g", ax=ax),
        "hexagons": lambda ax: plot.facet_density_lines(rows(3, n), "x", "y", "g", ax=ax),
        "days": lambda ax: plot.facet_density_lines(rows(3, n), "day", "y", "g", kind="points", ax=ax),
    }


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def drawn(draw, shape, size, which):
    """Draw on some axes of a figure whose others have labels; what is said, and what is wrong."""
    figure, axes = plt.subplots(*shape, figsize=size)
    for k, ax in enumerate(axes.flat):
        if k not in which:
            ax.plot([0, 1], [0, 1])
            ax.set_ylabel("neighbour")
    slots = [ax.get_position() for ax in axes.flat]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        draw(axes.flat[which[0]] if len(which) == 1 else axes.ravel()[which])
    figure.canvas.draw()
    return figure, axes, slots, [str(one.message) for one in said]


def faults(figure, axes, which):
    """What of these axes is cut by the figure, or stands over what others have, or over their own data."""
    found = []
    inside = figure.bbox.padded(ROUNDING)
    for k in which:
        ax, legend = axes.flat[k], axes.flat[k].get_legend()
        around = ax.get_tightbbox()
        if not (inside.contains(*around.min) and inside.contains(*around.max)):
            found.append("cut")
        if any(around.padded(-ROUNDING).overlaps(o.bbox.padded(-ROUNDING)) for o in axes.flat if o is not ax):
            found.append("over a neighbour")
        if legend is not None and legend.get_window_extent().padded(-ROUNDING).overlaps(ax.bbox.padded(-ROUNDING)):
            found.append("legend over data")
    shown, boxes = texts(figure)
    left, bottom, right, top = boxes.T
    across = np.minimum(right[:, None], right) - np.maximum(left[:, None], left) > ROUNDING
    up = np.minimum(top[:, None], top) - np.maximum(bottom[:, None], bottom) > ROUNDING
    pairs = [(shown[a], shown[b]) for a, b in np.argwhere(np.triu(across & up, 1))]
    return found + [pair for pair in pairs if not plain(*pair)]


def plain(*pair):
    """Whether two texts are those of neighbours without a figure of ours."""
    return all(text == "neighbour" or text.replace(".", "").isdigit() for text in pair)


CASES = [
    (name, n, which)
    for n in (5, 40)
    for figures, places in ((on_one(n), ([1],)), (on_several(n), ([0, 1, 2],)))
    for name in figures
    for which in places
]


@pytest.mark.parametrize(("shape", "size"), FIGURES, ids=str)
@pytest.mark.parametrize(("name", "n", "which"), CASES, ids=str)
def test_names_take_room_from_their_own_axes(name, n, which, shape, size):
    which = [k % (shape[0] * shape[1]) for k in which]
    draw = (on_one(n) | on_several(n))[name]
    figure, axes, slots, said = drawn(draw, shape, size, which)
    if said:
        assert len(said) == 1
        assert 'layout="constrained"' in said[0]
        assert "figsize" in said[0]
    else:
        assert faults(figure, axes, which) == []
    for k in which:
        width = axes.flat[k].get_position().width
        assert LEAST * slots[k].width < width <= slots[k].width + 1e-9
