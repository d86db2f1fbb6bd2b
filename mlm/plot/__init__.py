"""Figures of grouped data and of fitted models.

Takes data frames, fitted models and what is computed from them, whatever has the attributes that are drawn.

Every function draws with matplotlib and returns what it drew on: an ``Axes`` where there is one panel (and
takes one as ``ax=``), a ``Figure`` where there are several. Colours are those of Okabe & Ito (2008), which
readers with colour-vision deficiencies can tell apart; where colour carries meaning, so does shape or a
label.
"""

from .groups import facet_density_lines, facet_histogram, group_lines
from .likelihood import likelihood_curve
from .models import caterpillar, dot_and_whisker, effect_lines, ranef_histogram, residual_histogram
from .style import OKABE_ITO

__all__ = [
    "OKABE_ITO",
    "caterpillar",
    "dot_and_whisker",
    "effect_lines",
    "facet_density_lines",
    "facet_histogram",
    "group_lines",
    "likelihood_curve",
    "ranef_histogram",
    "residual_histogram",
]
