"""Figures of grouped data and of fitted models.

Every function draws with matplotlib and returns the ``Axes``, or an array of them where each group or term has its own
panel. All take ``ax=`` (Axes, or an array of them for panels), ``figsize=`` (of a new figure, in inches), ``title=``,
``xlabel=`` and ``ylabel=``. Names and labels are shown as they are written: a ``$`` starts no formula.

Colours are those of Okabe & Ito (2008), which readers with colour-vision deficiencies can tell apart; where colour
carries meaning, so does shape or a label. One `MissingRowsWarning` says how many rows are left out; of a model the
rows of its fit are drawn. Legends stand beside the axes or below them. Long names wrap or turn; of too many, every
k-th is shown, as the label of the axis says.
"""

from .facets import facet_density_lines, facet_histogram
from .groups import group_lines
from .likelihood import likelihood_curve
from .means import mean_intervals
from .models import dot_and_whisker, effect_lines
from .profile import zeta_curves
from .random_effects import caterpillar, ranef_histogram
from .residuals import binned_residuals, residual_histogram
from .style import OKABE_ITO, use_style

__all__ = [
    "OKABE_ITO",
    "binned_residuals",
    "caterpillar",
    "dot_and_whisker",
    "effect_lines",
    "facet_density_lines",
    "facet_histogram",
    "group_lines",
    "likelihood_curve",
    "mean_intervals",
    "ranef_histogram",
    "residual_histogram",
    "use_style",
    "zeta_curves",
]
