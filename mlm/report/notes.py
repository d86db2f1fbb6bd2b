"""The last lines of a printed mixed model: columns left out, scales, and what the optimiser has to say."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import numpy as np

from .face import FittedGeneralizedMixedModel, FittedMixedModel, FittedModel, is_generalized, is_mixed

__all__ = ["APPROXIMATE", "closing_lines", "is_approximate", "notes"]

APPROXIMATE = "n_agq=0 is approximate: these are not the estimates of the largest likelihood"

# Ratio of the standard deviations of two predictors, or of one to 1, from which lme4 warns of their scales.
MOST_RATIO = 1e3
# Monte Carlo error of theta, in its standard errors, above which probes are said to be too few, and one that would do.
LARGEST_ERROR, ENOUGH = 1.0, 0.1
FEW_PROBES = 10  # below which a standard error of their spread is itself uncertain by a quarter and more


def notes(m: FittedMixedModel) -> list[str]:
    """What the summary says at its end, when it is not silent success."""
    lines = [*_fit_warnings(m), *_monte_carlo(m)]
    if m.optimizer == "nloptwrap":
        code, said = m.lme4_convergence
        return (
            [*lines, f"optimizer ({m.optimizer}) convergence code: {code}", *said] if said or code[0] != "0" else lines
        )
    if not m.converged:
        return [*lines, f"optimizer ({m.optimizer}) did not converge; see optimizer_info and messages"]
    if m.is_singular:
        singular = "boundary (singular) fit: a variance is zero or a correlation is plus or minus one"
        return [*lines, f"optimizer ({m.optimizer}) converged", singular]
    return lines


def closing_lines(m: FittedMixedModel) -> list[str]:
    """What the printed model says at its end: as `notes`, but of an optimiser of lme4's how many warnings there are."""
    if m.optimizer != "nloptwrap":
        return notes(m)
    code, said = m.lme4_convergence
    if not said and code[0] == "0":
        return _fit_warnings(m)
    counts = f"0 optimizer warnings; {len(said)} lme4 warnings "
    return [*_fit_warnings(m), f"optimizer ({m.optimizer}) convergence code: {code} ; {counts}"]


def _monte_carlo(m: FittedMixedModel) -> list[str]:
    """How a model was solved whose traces were estimated, and what error that leaves."""
    errors = getattr(m, "monte_carlo", None)
    if errors is None:
        return []
    named = "REML criterion" if m.reml else "deviance"
    lines = [
        f"solved iteratively, with {errors.probes} random probes (seed {errors.seed}); Monte Carlo errors:",
        f"{named} {errors.criterion:.2g}, variances at most {errors.largest:.2g} of their standard errors",
    ]
    if errors.probes < FEW_PROBES:
        share = 100.0 / math.sqrt(2.0 * (errors.probes - 1))
        lines.append(
            f"of {errors.probes} probes, these errors are known to some {share:.0f} % only: Student's t with "
            f"{errors.probes - 1} df"
        )
    if LARGEST_ERROR < errors.largest < math.inf:
        enough = math.ceil(errors.probes * (errors.largest / ENOUGH) ** 2)
        lines.append(
            f"too few probes: some {enough} would leave {ENOUGH:g} standard errors; solver='exact' leaves none"
        )
    return lines


def is_approximate(m: FittedModel) -> bool:
    """Whether fixed effects were moved along with the modes, so that nothing is maximised."""
    return is_mixed(m) and is_generalized(m) and cast(FittedGeneralizedMixedModel, m).n_agq == 0


def _fit_warnings(m: FittedMixedModel) -> list[str]:
    """What lme4 says of the fixed-effects columns, and what ``n_agq=0`` is."""
    said = []
    left_out = len(m.frame.left_out)
    if left_out:
        s = "" if left_out == 1 else "s"
        said.append(f"fixed-effect model matrix is rank deficient so dropping {left_out} column{s} / coefficient{s}")
    if m.has_rows and _differ_in_scale(m.frame.x):
        said.append("Some predictor variables are on very different scales: consider rescaling")
    return [*(["fit warnings:", *said] if said else []), *([APPROXIMATE] if is_approximate(m) else [])]


def _differ_in_scale(x: np.ndarray) -> bool:
    """Whether predictors, but for those of 0 and 1 only, have standard deviations far from 1 or from one another."""
    numeric = x[:, ~((x == 0) | (x == 1)).all(axis=0)]
    deviations = np.sort(numeric.std(axis=0, ddof=1))
    if not len(deviations) or not deviations[0] > 0:
        return False
    limits = [*pairwise((deviations[0], deviations[-1])), (deviations[0], 1.0), (1.0, deviations[-1])]
    return any(large / small > MOST_RATIO for small, large in limits)
