"""Other packages that fit mixed models, each behind the same small face.

``python -m benchmarks.peers`` fits small data with every one that is installed and compares it with mlm. Conversion
of the data to what a package takes is in `Peer.prepare`, so that it can be left out of a timing.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd


class Unsupported(Exception):
    """The package has no such model."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What is compared.

    Attributes
    ----------
    beta, se : ndarray, shape (p,)
        Fixed effects and standard errors; NaN where the package gives none.
    loglik : float
        Log-likelihood, restricted where `reml`.
    reml : bool
    """

    beta: np.ndarray
    se: np.ndarray
    loglik: float
    reml: bool


@dataclass(frozen=True, slots=True)
class Peer:
    """A package: its name on PyPI, the module it installs, and how it fits.

    Attributes
    ----------
    name, module : str
    fit : callable
        ``fit(formula, data, reml) -> Fit`` with an lme4 formula and what `prepare` returned.
    prepare : callable
        ``prepare(frame, groups) -> data`` for a pandas frame and the names of its grouping factors.
    joins_factors : bool
        Whether ``(1 | a:b)`` can stand in a formula.
    generalized : callable, optional
        ``generalized(formula, data, family, n_agq) -> Fit``, of a package that has generalized models.
    linear : bool
        Whether it is measured on linear models.
    """

    name: str
    module: str
    fit: Callable[[str, Any, bool], Fit]
    prepare: Callable[[pd.DataFrame, tuple[str, ...]], Any]
    joins_factors: bool = False
    generalized: Callable[[str, Any, str, int], Fit] | None = None
    linear: bool = True

    def takes(self, family: str) -> bool:
        """Whether it is measured on models of this family; empty for linear ones."""
        return self.generalized is not None if family else self.linear

    @property
    def in_r(self) -> bool:
        """Whether it is a package of R."""
        return not self.module

    @property
    def available(self) -> bool:
        """Whether the package is installed."""
        if self.in_r:
            return has_r_package(self.name)
        return importlib.util.find_spec(self.module) is not None

    @property
    def version(self) -> str:
        """The installed version."""
        return importlib.metadata.version("multilevel-replications" if self.name == "mlm" else self.name)


@cache
def has_r_package(name: str) -> bool:
    """Whether R is there, and has a package."""
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", f'quit(status = !requireNamespace("{name}", quietly = TRUE))']
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def parts(formula: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Split ``y ~ x + (1 + x | g)`` into response, fixed part and (columns, group) of each random term."""
    response, right = (side.strip() for side in formula.split("~"))
    random = [(columns.strip(), group.strip()) for columns, group in re.findall(r"\(([^|()]*)\|([^|()]*)\)", right)]
    fixed = re.sub(r"\+?\s*\([^|()]*\|[^|()]*\)", "", right).strip()
    return response, fixed, random


def as_pandas(frame: pd.DataFrame, groups: tuple[str, ...]) -> pd.DataFrame:
    """Leave a frame as it is."""
    return frame


def with_text_groups(frame: pd.DataFrame, groups: tuple[str, ...]) -> pd.DataFrame:
    """Make grouping factors text, where numbers would be taken for numbers."""
    return frame.assign(**{group: frame[group].astype(str) for group in groups})


def as_polars(frame: pd.DataFrame, groups: tuple[str, ...]) -> Any:
    """Make a polars frame with text groups."""
    import polars

    columns = {name: frame[name].to_numpy() for name in frame.columns if name not in groups}
    return polars.DataFrame(columns | {group: [str(level) for level in frame[group]] for group in groups})


def fit_mlm(formula: str, data: Any, reml: bool) -> Fit:
    """Fit with this project's package."""
    import mlm

    m = mlm.lmer(formula, data, reml=reml)
    return Fit(m.fixef.to_numpy(), m.se.to_numpy(), m.loglik, reml)


def glmer_mlm(formula: str, data: Any, family: str, n_agq: int) -> Fit:
    """Fit a generalized model with this project's package."""
    import mlm

    m = mlm.glmer(formula, data, family, n_agq=n_agq)
    return Fit(m.fixef.to_numpy(), m.se.to_numpy(), m.loglik, False)


def fit_r(formula: str, data: Any, *how: Any) -> Fit:
    """Refuse: R runs in a process of its own (`measure.measure_r`)."""
    raise Unsupported("packages of R are fitted by r_fit.R")


def fit_glmm(formula: str, data: Any, reml: bool) -> Fit:
    """Fit with glmm, without Satterthwaite's degrees of freedom, which no other package computes unasked."""
    import glmm

    m = glmm.fit(data, formula, reml=reml, satterthwaite=False)
    return Fit(np.asarray(m.beta), np.asarray(m.se), float(m.loglik), reml)


def glmer_glmm(formula: str, data: Any, family: str, n_agq: int) -> Fit:
    """Fit a generalized model with glmm."""
    import glmm

    m = glmm.fit(data, formula, family, nagq=n_agq)
    return Fit(np.asarray(m.beta), np.asarray(m.se), float(m.loglik), False)


def fit_like_statsmodels(model: Any, formula: str, data: pd.DataFrame, reml: bool) -> Fit:
    """Fit with statsmodels, or with what has its face; crossed factors are variance components of one big group."""
    response, fixed, random = parts(formula)
    if len(random) == 1:
        ((columns, group),) = random
        m = model.from_formula(f"{response} ~ {fixed}", data, groups=data[group], re_formula=f"~ {columns}")
    else:
        if any(columns != "1" for columns, _ in random):
            raise Unsupported("crossed random slopes")
        cells = len(data) * sum(data[group].nunique() for _, group in random)
        if cells > 2e8:
            raise Unsupported(f"crossed factors are dense here: a matrix of {cells:.2g} numbers")
        components = {group: f"0 + C({group})" for _, group in random}
        one = np.ones(len(data), dtype=int)
        m = model.from_formula(f"{response} ~ {fixed}", data, groups=one, re_formula="0", vc_formula=components)
    result = m.fit(reml=reml)
    return Fit(np.asarray(result.fe_params), np.asarray(result.bse_fe), float(result.llf), reml)


def fit_statsmodels(formula: str, data: pd.DataFrame, reml: bool) -> Fit:
    """Fit with statsmodels."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    return fit_like_statsmodels(MixedLM, formula, data, reml)


def fit_mixedlm_rs(formula: str, data: pd.DataFrame, reml: bool) -> Fit:
    """Fit with mixedlm-rs, which has statsmodels' face."""
    from mixedlm_rs import MixedLM

    return fit_like_statsmodels(MixedLM, formula, data, reml)


def fit_mixedlm(formula: str, data: pd.DataFrame, reml: bool) -> Fit:
    """Fit with mixedlm."""
    import mixedlm

    m = mixedlm.lmer(formula, data, REML=reml)
    loglik = m.logLik()
    beta = m.fixef()
    values = list(beta.values()) if isinstance(beta, dict) else beta
    return Fit(
        np.asarray(values, dtype=float),
        np.sqrt(np.diag(np.asarray(m.vcov()))),
        float(getattr(loglik, "value", loglik)),
        reml,
    )


def as_shares(formula: str, data: Any) -> tuple[str, np.ndarray | None, np.ndarray | None]:
    """Successes and failures as shares, for packages that do not read ``cbind``: the formula, shares and trials."""
    found = re.match(r"cbind\((\w+), (\w+)\) (~.*)", formula)
    if found is None:
        return formula, None, None
    yes, no = (np.asarray(data[found[k]], dtype=float) for k in (1, 2))
    return f"share {found[3]}", yes / (yes + no), yes + no


def glmer_mixedlm(formula: str, data: pd.DataFrame, family: str, n_agq: int) -> Fit:
    """Fit a generalized model with mixedlm."""
    import mixedlm

    formula, share, trials = as_shares(formula, data)
    data = data if share is None else data.assign(share=share)
    kind = {"binomial": mixedlm.families.Binomial, "poisson": mixedlm.families.Poisson}[family]()
    m = mixedlm.glmer(formula, data, family=kind, nAGQ=n_agq, weights=trials)
    loglik = m.logLik()
    beta, se = np.array(list(m.fixef().values()), dtype=float), np.sqrt(np.diag(np.asarray(m.vcov())))
    return Fit(beta, se, float(getattr(loglik, "value", loglik)), False)


def glmer_lme_python(formula: str, data: Any, family: str, n_agq: int) -> Fit:
    """Fit a generalized model with lme-python."""
    import lme_python

    formula, share, trials = as_shares(formula, data)
    if share is None or trials is None:
        m = lme_python.glmer(formula, data, family, n_agq)
    else:
        import polars

        data = data.with_columns(polars.Series("share", share))
        m = lme_python.glmer_weighted(formula, data, family, n_agq, trials.tolist())
    return Fit(np.asarray(m.coefficients), np.asarray(m.std_errors), float(m.log_likelihood), False)


def fit_lme_python(formula: str, data: Any, reml: bool) -> Fit:
    """Fit with lme-python."""
    import lme_python

    m = lme_python.lmer(formula, data, reml=reml)
    return Fit(np.asarray(m.coefficients), np.asarray(m.std_errors), float(m.log_likelihood), reml)


def fit_interlace(formula: str, data: pd.DataFrame, reml: bool) -> Fit:
    """Fit with interlace-lme."""
    import interlace

    response, fixed, random = parts(formula)
    terms = [f"({columns} | {group})" for columns, group in random]
    m = interlace.fit(f"{response} ~ {fixed}", data, random=terms, method="REML" if reml else "ML")
    return Fit(np.asarray(m.fe_params), np.asarray(m.fe_bse), float(m.llf), reml)


def fit_kamino(formula: str, data: pd.DataFrame, reml: bool) -> Fit:
    """Fit with kamino-lme."""
    import kamino

    m = kamino.lmer(formula, data, reml=reml)
    se = np.sqrt(np.diag(np.asarray(m.beta_covariance)))
    return Fit(np.asarray(m.beta), se, float(m.log_likelihood), reml)


def fit_gpboost(formula: str, data: pd.DataFrame, reml: bool) -> Fit:
    """Fit with GPBoost, by maximum likelihood always; its random slopes have no correlation with intercepts.

    With crossed factors its default is iterative, with a stochastic log-determinant: fast, and some tenths off in
    the log-likelihood. ``matrix_inversion_method="cholesky"`` would be exact.
    """
    import gpboost

    response, fixed, random = parts(formula)
    if any(columns != "1" for columns, _ in random):
        raise Unsupported("correlated random slopes")
    names = [name.strip() for name in fixed.split("+") if name.strip() != "1"]
    x = np.column_stack([np.ones(len(data)), *(data[name] for name in names)])
    model = gpboost.GPModel(group_data=data[[group for _, group in random]].to_numpy(), likelihood="gaussian")
    model.fit(y=data[response].to_numpy(), X=x, params={"trace": False})
    table = np.atleast_2d(np.asarray(model.get_coef(std_err=True), dtype=float))
    loglik = -float(model.get_current_neg_log_likelihood())
    return Fit(table[0], table[1] if len(table) > 1 else np.full(table.shape[1], np.nan), loglik, False)


OURS = Peer("mlm", "mlm", fit_mlm, as_pandas, joins_factors=True, generalized=glmer_mlm)
LME4 = Peer("lme4", "", fit_r, as_pandas, joins_factors=True, generalized=fit_r)
GLMMTMB = Peer("glmmTMB", "", fit_r, as_pandas, joins_factors=True, generalized=fit_r, linear=False)
PEERS = (
    Peer("glmm", "glmm", fit_glmm, with_text_groups, joins_factors=True, generalized=glmer_glmm),
    Peer("statsmodels", "statsmodels", fit_statsmodels, as_pandas),
    Peer("mixedlm", "mixedlm", fit_mixedlm, with_text_groups, generalized=glmer_mixedlm),
    Peer("mixedlm-rs", "mixedlm_rs", fit_mixedlm_rs, as_pandas),
    Peer("interlace-lme", "interlace", fit_interlace, as_pandas),
    Peer("kamino-lme", "kamino", fit_kamino, with_text_groups),
    Peer("lme-python", "lme_python", fit_lme_python, as_polars, generalized=glmer_lme_python),
    Peer("gpboost", "gpboost", fit_gpboost, as_pandas),
)
PROGRAMS = (OURS, LME4, GLMMTMB, *PEERS)


def check() -> None:
    """Print how far every package's results are from mlm's on small data."""
    from . import simulate

    cases = {
        "slopes": (simulate.random_slopes(4000, 40), simulate.SLOPES_FORMULA, ("g",)),
        "pairs": (simulate.pairs(1500), simulate.PAIRS_FORMULA, ("g",)),
        "ratings": (simulate.ratings(3000, 150, 90), simulate.RATINGS_FORMULA, ("user", "item")),
    }
    for case, (frame, formula, groups) in cases.items():
        for peer in PEERS:
            print(f"{case:8} {peer.name:14}", verdict(peer, frame, formula, groups), flush=True)


def verdict(peer: Peer, frame: pd.DataFrame, formula: str, groups: tuple[str, ...]) -> str:
    """Say in a line how one package's fit compares with mlm's by the same criterion."""
    if not peer.available:
        return "not installed"
    try:
        fit = peer.fit(formula, peer.prepare(frame, groups), True)
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}"
    ours = fit_mlm(formula, frame, fit.reml)
    beta = np.abs((fit.beta - ours.beta) / ours.se).max()
    se = np.abs(fit.se / ours.se - 1).max()
    name = "REML" if fit.reml else "ML"
    return f"{peer.version:8} {name:4} beta {beta:.1e} se {se:.1e} loglik {fit.loglik - ours.loglik:+.1e}"


if __name__ == "__main__":
    check()
