"""What can be measured in the pictures: nothing overlaps, is cut, or looks like something else."""

import warnings

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from pictures import PICTURES

pytestmark = pytest.mark.slow

# pixels by which letters may reach over a border: they are moved to whole ones
ROUNDING = 1.5
# inches that axes have at least in every direction
LEAST = 0.25


@pytest.fixture(scope="module", params=PICTURES)
def figure(request):
    """Each picture, drawn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*rows have missing values")
        axes = PICTURES[request.param]()
        figure = np.ravel(axes)[0].figure
        figure.canvas.draw()
    yield figure
    plt.close("all")


def texts(figure):
    """All texts that are seen, and their boxes, shape (texts, 4): left, bottom, right, top."""
    seen = [text for text in figure.findobj(mpl.text.Text) if text.get_visible() and text.get_text().strip()]
    left_out = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            drawn = drawn_ticks(axis) if ax.axison else []
            ticks = {id(text) for tick in axis.get_children() for text in tick.findobj(mpl.text.Text)}
            ticks -= {id(axis.label), id(axis.offsetText)} | {id(text) for text in drawn}
            left_out |= ticks
    seen = [text for text in seen if id(text) not in left_out]
    return [text.get_text() for text in seen], np.array([text.get_window_extent().extents for text in seen])


def drawn_ticks(axis):
    """Labels of the ticks within the limits."""
    low, high = sorted(axis.get_view_interval())
    reach = 1e-9 * (high - low)
    places = zip(axis.get_majorticklocs(), axis.get_major_ticks(), strict=True)
    return [tick.label1 for place, tick in places if low - reach <= place <= high + reach]


def test_no_text_stands_over_another(figure):
    words, boxes = texts(figure)
    left, bottom, right, top = boxes.T
    across = np.minimum(right[:, None], right) - np.maximum(left[:, None], left) > ROUNDING
    up = np.minimum(top[:, None], top) - np.maximum(bottom[:, None], bottom) > ROUNDING
    pairs = np.argwhere(np.triu(across & up, 1))
    assert not len(pairs), [(words[a], words[b]) for a, b in pairs[:5]]


def test_no_text_is_cut_by_the_figure(figure):
    words, boxes = texts(figure)
    low, high = boxes[:, :2] >= -ROUNDING, boxes[:, 2:] <= np.array(figure.bbox.size) + ROUNDING
    inside = low.all(axis=1) & high.all(axis=1)
    assert inside.all(), [word for word, fits in zip(words, inside, strict=True) if not fits][:5]


def test_axes_keep_room(figure):
    for ax in figure.axes:
        width, height = ax.get_window_extent().size / figure.dpi
        assert min(width, height) > LEAST


def test_no_legend_stands_over_data(figure):
    for owner in figure.axes:
        legend = owner.get_legend()
        if legend is not None:
            box = legend.get_window_extent()
            for ax in figure.axes:
                inner = ax.get_window_extent().padded(-ROUNDING)
                assert not box.overlaps(inner)


def test_what_is_told_apart_looks_different(figure):
    for ax in figure.axes:
        handles, labels = ax.get_legend_handles_labels()
        assert len(set(labels)) == len(labels)
        looks = [look(handle) for handle in handles]
        assert len(set(looks)) == len(looks)


def look(handle):
    """Colour, marker and kind of line of an entry of a legend."""
    first = handle[0] if isinstance(handle, tuple) else handle
    if isinstance(first, mpl.lines.Line2D):
        return first.get_color(), first.get_marker(), first.get_linestyle(), first.get_linewidth()
    return type(first).__name__, str(first.get_facecolor())


def test_signs_of_formulas_are_letters(figure):
    for text in figure.findobj(mpl.text.Text):
        assert not text.get_parse_math() or "$" not in text.get_text()
