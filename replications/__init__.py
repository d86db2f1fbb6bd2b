"""Published tutorials, recomputed: what they printed, the data, and the check of one against the other.

In a chapter::

    import mlm
    import replications

    data = replications.load("heck2011")             # the original if it is at hand, else the synthetic twin
    published = replications.published("learn_mlms_ch4")

    m = mlm.lmer("math ~ 1 + (1 | schcode)", data)
    published.check("null_model", m)                 # every published value under null_model.

    published.check("model2", lm2)                   # a linear model in the same way
    published.check("anova_model1_model2", mlm.anova(m1, m2))
    published.check("table2", {"model0": m0, "model1": m1})        # a table of models
    published.check("group_means", means)            # a DataFrame: "row.column"; a Series or dict likewise
    published.check("describe", {"n": 5800, "mean": 6.784})
    published.check("null_model", m, {"something.else": value})    # a model, and values by hand
    published.check("data.n_schools", 419)           # one whole id
    published.check("prose")                         # restatements take the value of what they restate
    published.check("model3", m3, stopping_point=m3_stopped)       # for the last digits that need it
    published.check("claim", {"model2": m2, "kosovo_drops_out": "drops out"})  # m2: verdict on each term
    published.section("Model 2")                     # one line over all that was checked since the last one

    tau2 = published.value("icc.input_tau2")         # a printed number, to compute from as its author did
    replications.verdict(m2, "cpi_cgm")              # "positive, significant"
    published.finish()                               # raises unless every registered value was checked

What R printed elsewhere is read with ``replications.read_printout(text)``: blocks of numbers that have such ids.
``replications.verify(text)`` checks such numbers against each other, ``replications.consistent(expression, printed)``
one result against the printed numbers it was computed from.

A share goes where a percentage is printed (0.138 for "13.8%"), a whole number where a number word is.
"""

from __future__ import annotations

from replications.check import Published, published
from replications.checking.expression import consistent
from replications.data import codebook, load, results, which
from replications.display import compared
from replications.errors import CheckError, OriginalsError, PrintoutError, RegistryError, RepositoryError
from replications.printouts.block import Printout
from replications.printouts.read import read_printout
from replications.quantities import verdict
from replications.registry import SOURCES
from replications.samples import prepared
from replications.verify import verify

__all__ = [
    "SOURCES",
    "CheckError",
    "OriginalsError",
    "Printout",
    "PrintoutError",
    "Published",
    "RegistryError",
    "RepositoryError",
    "codebook",
    "compared",
    "consistent",
    "load",
    "prepared",
    "published",
    "read_printout",
    "results",
    "verdict",
    "verify",
    "which",
]
