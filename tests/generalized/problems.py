"""Small problems of all families and structures, drawn from seeds, in the form the likelihood works with."""

from __future__ import annotations

import numpy as np

from mlm.generalized.family import make_family
from mlm.generalized.pirls import Problem
from mlm.generalized.rows import Effects, Rows, cells_of
from mlm.generalized.systems import Structure
from mlm.generalized.working import Working
from mlm.likelihood.covariance import CovarianceLayout, covariance_layout

KINDS = [
    ("binomial", "logit"),
    ("binomial", "probit"),
    ("binomial", "cloglog"),
    ("binomial", "cauchit"),
    ("poisson", "log"),
    ("poisson", "sqrt"),
    ("poisson", "identity"),
    ("negative.binomial", "log"),
    ("Gamma", "log"),
    ("Gamma", "inverse"),
    ("Gamma", "identity"),
    ("inverse.gaussian", "1/mu^2"),
    ("inverse.gaussian", "log"),
    ("gaussian", "log"),
    ("gaussian", "identity"),
]
LEVELS = (15, 9, 5)


def bounded(link: str) -> bool:
    """Whether means of a predictor near 0 are not the family's."""
    return link in ("identity", "inverse", "1/mu^2", "sqrt")


def draw(
    family: str,
    link: str,
    sizes: tuple[int, ...],
    seed: int = 1,
    weighted: bool = False,
    n: int = 150,
    nested: bool = False,
) -> tuple[Problem, CovarianceLayout, np.ndarray]:
    """Draw a problem with factors of so many effects a level; its layout; fixed effects to look at it from."""
    rng = np.random.default_rng(seed)
    kind = make_family(family, link, 2.0 if family == "negative.binomial" else None)
    if nested:  # in pairs and threes, so that there are parts that share nothing
        first = np.arange(n) % max(n // 2, 1)
        codes = [first, first // 2, first // 6][: len(sizes)]
    else:
        codes = [np.concatenate([np.arange(j), rng.integers(0, j, n - j)]) for j in LEVELS[: len(sizes)]]
    order = np.argsort(codes[0], kind="stable")
    columns = rng.normal(size=(3, n))
    effects = tuple(
        Effects(c[order], (None, *columns[: q - 1]), int(c.max()) + 1) for c, q in zip(codes, sizes, strict=True)
    )
    xt = np.vstack([np.ones(n), rng.normal(size=(2, n))])
    beta = np.array([3.0, 0.2, -0.1]) if bounded(link) else np.array([0.3, 0.4, -0.2])
    eta = beta @ xt + sum(rng.normal(0, 0.3, e.levels)[e.codes] for e in effects)
    y, weights = _response(kind.name, kind.link.inverse(eta), rng)
    if weighted:
        weights = weights * rng.uniform(0.5, 2.0, n)
    counts = np.bincount(effects[0].codes)
    rows = Rows(y, weights, np.zeros(n), xt, effects, np.cumsum(counts) - counts, cells_of(effects))
    layout = covariance_layout(tuple(enumerate(sizes)), len(sizes))
    return Problem(rows, Working(kind, y, weights), Structure(rows)), layout, beta


def _response(family: str, mean: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    ones = np.ones(len(mean))
    if family == "binomial":
        trials = rng.integers(1, 6, len(mean)).astype(float)
        return rng.binomial(trials.astype(int), mean) / trials, trials
    if family == "poisson":
        return rng.poisson(mean).astype(float), ones
    if family == "negative.binomial":
        return rng.poisson(mean * rng.gamma(2.0, 0.5, len(mean))).astype(float), ones
    if family == "Gamma":
        return rng.gamma(4.0, mean / 4.0), ones
    if family == "inverse.gaussian":
        return rng.wald(mean, 10.0), ones
    return mean + rng.normal(0, 0.5, len(mean)), ones


def start(layout: CovarianceLayout, sizes: tuple[int, ...], link: str, seed: int = 2) -> np.ndarray:
    """A theta that is nowhere special."""
    rng = np.random.default_rng(seed)
    theta = layout.pick([0.3 * np.eye(q) for q in sizes]) + rng.normal(0, 0.05, layout.n_theta)
    return theta * 0.2 if bounded(link) else theta
