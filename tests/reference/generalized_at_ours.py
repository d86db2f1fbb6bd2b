"""The points at which lme4's own deviance function is asked: where mlm ended, and where lme4 did.

In tests/, ``python -m reference.generalized_at_ours POINTS.json`` fits the designs of `generalized_designs.py` and
writes theta and the fixed effects; then ``Rscript reference/generalized_at_ours.R FOLDER POINTS.json
reference/generalized_at_ours.json`` evaluates lme4's function there.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from reference.generalized_designs import designs

import mlm

STORED = Path(__file__).with_name("generalized.json")


def points() -> dict[str, Any]:
    """Each design's two points, and what mlm's criterion is at its own."""
    stored, found = json.loads(STORED.read_text(encoding="utf-8"))["fits"], {}
    for design in designs():
        best = stored[design.key]["best"]
        if "error" in best:
            continue
        link = None if design.link == "logit" else design.link
        m = mlm.glmer(
            design.formula,
            design.frame()[0],
            design.family,
            link,
            n_agq=design.n_agq,
            weights=design.weights,
            offset=design.offset,
        )
        ours = {"theta": m.theta.tolist(), "fixef": m.fixef.tolist(), "size": m.family.theta, "value": -2.0 * m.loglik}
        own = {"theta": best["theta"], "fixef": best["fixef"], "size": best.get("size")}
        found[design.key] = {"ours": ours, "lme4": own}
    return found


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        Path(sys.argv[1]).write_text(json.dumps(points()), encoding="utf-8")
