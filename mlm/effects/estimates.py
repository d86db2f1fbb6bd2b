"""Means, slopes and their contrasts: linear functions of the fixed effects, with tests and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, brief, first_few, is_number, listed, suggest
from ..frame.estimability import Dependence
from ..frame.values import label
from ..inference.confint import checked_level
from ..inference.f_tests import Denominators
from ..model.reference_grid import Designed
from ..plot import mean_intervals
from ..report.html import as_html
from .adjust import JOINT, STEPWISE, Simultaneous, checked_adjust
from .contrasts import Family, contrast_family
from .printed import estimates_text
from .scale import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Estimates", "FixedPart"]

LIMITS = ("lower.CL", "upper.CL", "asymp.LCL", "asymp.UCL")
RESULTS = ("SE", "df", "null", "t.ratio", "z.ratio", "p.value", *LIMITS)
"""Columns beside the labels and the estimate."""
PLOT_OPTIONS = ("ax", "figsize", "title", "xlabel", "ylabel")
ZERO_SUM = 1e-10  # of a contrast's weights, over the largest, that is rounding


@dataclass(frozen=True, slots=True, eq=False)
class FixedPart:
    """What linear functions of the fixed effects are computed from.

    Attributes
    ----------
    beta : ndarray, shape (p,)
    denominators : Denominators
        With their covariance.
    keep : tuple of int or None
        Positions of the coefficients among all columns, where some were dropped.
    dependence : Dependence or None
        How these follow from the others.
    """

    beta: np.ndarray
    denominators: Denominators
    keep: tuple[int, ...] | None
    dependence: Dependence | None

    @classmethod
    def of(cls, m: Designed, denominators: Denominators) -> FixedPart:
        """Take them from a model."""
        keep = m.frame.x_design.keep
        return cls(
            m.fixef.to_numpy(),
            denominators,
            keep,
            None if keep is None else Dependence.of(m.frame),
        )

    def kept(self, rows: np.ndarray) -> np.ndarray:
        """Weights of the coefficients, shape (k, p); NaN for what does not follow from the fit."""
        if self.keep is None or self.dependence is None:
            return rows
        kept, dropped = rows[:, list(self.keep)], np.delete(rows, self.keep, axis=1)
        told = self.dependence.estimable(np.nan_to_num(kept), np.nan_to_num(dropped))
        return np.where((told & ~np.isnan(rows).any(axis=1))[:, None], kept, np.nan)

    def dfs(self, kept: np.ndarray) -> np.ndarray:
        """Degrees of freedom, shape (k,)."""
        found, there = np.full(len(kept), np.nan), ~np.isnan(kept).any(axis=1)
        found[there] = self.denominators.dfs(kept[there])
        return found


@dataclass(frozen=True, eq=False)
class Estimates:
    """Means, slopes or contrasts: `print` them, `plot` them, take `frame`, or compare them by `contrast`.

    Attributes
    ----------
    labels : pandas.DataFrame, shape (k, factors)
        What each row is.
    linear : ndarray, shape (k, columns)
        Weights of all columns of the model matrix, those that were dropped as dependent among them.
    constant : ndarray, shape (k,)
        What is added: the mean of an offset.
    name : str
        What the estimate is called: ``emmean``, ``x.trend``, ``estimate``.
    by : tuple of str
        Labels that part families: adjustments and contrasts are within each.
    response : bool
        Whether means or ratios are shown.
    tests : bool
        Whether tests are shown, or intervals.
    level : float
        Coverage of the intervals.
    adjust : str
        How p values and intervals are adjusted.
    means : int
        How many means are compared by pairs; 0 for others.
    averaged : tuple of str
        Predictors that are averaged over.
    notes : tuple of str
        What else is printed below the table.
    """

    labels: pd.DataFrame
    linear: np.ndarray
    constant: np.ndarray
    fixed: FixedPart  # coefficients and their covariance
    name: str
    by: tuple[str, ...] = ()
    scale: Scale | None = None  # of the linear predictor, where it is not the response's
    response: bool = False
    tests: bool = False
    level: float = 0.95
    adjust: str = "none"
    means: int = 0
    averaged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse labels that have the name of a column of results."""
        taken = [name for name in self.labels if name in (*RESULTS, self._shown_name)]
        if taken:
            raise ArgumentError(
                f"The predictor {taken[0]!r} has the name of a column of results; give it another in data and formula, "
                f"such as data.rename(columns={{{taken[0]!r}: {taken[0] + '_'!r}}})."
            )

    def __str__(self) -> str:
        return estimates_text(self._frame, list(self.labels), self.by, self._notes())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-estimates")

    @property
    def frame(self) -> pd.DataFrame:
        """In full precision, with emmeans' columns, which are factors, estimate, ``SE``, ``df``, limits or tests.

        An estimate that does not follow from the fit, such as the mean of an empty cell, is NaN; printed it is
        ``nonEst``.
        """
        return self._frame.copy()

    @property
    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the estimates, shape (k, k), on the scale of the linear predictor."""
        names = pd.Index(self._names())
        return pd.DataFrame(self.fixed.denominators.working_covariance.covariance(self._kept), names, names)

    @cached_property
    def _kept(self) -> np.ndarray:
        return self.fixed.kept(self.linear)

    @cached_property
    def _frame(self) -> pd.DataFrame:
        eta = self._kept @ self.fixed.beta + self.constant
        se = np.sqrt(self.fixed.denominators.working_covariance.variances(self._kept))
        df = self._df
        numbers = self._tested(eta, se, df) if self.tests else self._limits(eta, se, df)
        shown: dict[str, Any] = {self._shown_name: eta, "SE": se, "df": df}
        if self.response and self.scale is not None:
            with np.errstate(all="ignore"):  # where there is no mean
                shown |= {self._shown_name: self.scale.inverse(eta), "SE": se * np.abs(self.scale.derivative(eta))}
        return pd.concat([self.labels, pd.DataFrame(shown | numbers, index=self.labels.index)], axis=1)

    @property
    def _shown_name(self) -> str:
        return self.scale.mean if self.response and self.scale is not None else self.name

    def _families(self) -> list[np.ndarray]:
        """Positions of the rows of each family."""
        if not self.by:
            return [np.arange(len(self.labels))]
        return list(self.labels.groupby(list(self.by), sort=False, observed=True).indices.values())

    @cached_property
    def _df(self) -> np.ndarray:
        return self.fixed.dfs(self._kept)

    @cached_property
    def _parts(self) -> list[tuple[np.ndarray, Simultaneous]]:
        """Of each family those rows that are estimable, and what they have in common."""
        return [self._part(rows) for rows in self._families()]

    def _part(self, rows: np.ndarray) -> tuple[np.ndarray, Simultaneous]:
        there = rows[~np.isnan(self._kept[rows]).any(axis=1)]
        some = there if self.adjust in JOINT else there[:0]  # only these need the correlations, which may be many
        covariance = self.fixed.denominators.working_covariance.covariance(self._kept[some])
        size = np.sqrt(covariance.diagonal())
        size = np.where(size > 0.0, size, 1.0)
        return there, Simultaneous(self._df[there], covariance / np.outer(size, size), self.means, len(rows))

    @cached_property
    def _widths(self) -> np.ndarray:
        """By how many standard errors the intervals extend, shape (k,)."""
        reach = np.full(len(self.labels), np.nan)
        for there, family in self._parts:
            reach[there] = family.quantiles(self.level, self.adjust)
        return reach

    def _tested(self, eta: np.ndarray, se: np.ndarray, df: np.ndarray) -> dict[str, Any]:
        with np.errstate(invalid="ignore", divide="ignore"):
            t = eta / se
        p = np.full(len(t), np.nan)
        for there, family in self._parts:
            p[there] = family.pvalues(t[there], self.adjust)
        ratio = "z.ratio" if np.isinf(df[~np.isnan(df)]).all() else "t.ratio"
        at = self.scale.inverse(np.zeros(len(t))) if self.response and self.scale is not None else np.zeros(len(t))
        null = {"null": at} if at.any() else {}
        return {**null, ratio: t, "p.value": p}

    def _limits(self, eta: np.ndarray, se: np.ndarray, df: np.ndarray) -> dict[str, Any]:
        ends = np.array([eta - self._widths * se, eta + self._widths * se])
        if self.response and self.scale is not None:
            with np.errstate(all="ignore"):  # where there is no mean
                ends = self.scale.inverse(ends)
                ends = np.where(ends[0] > ends[1], ends[::-1], ends)
        kind = ("asymp.LCL", "asymp.UCL") if np.isinf(df[~np.isnan(df)]).all() else ("lower.CL", "upper.CL")
        return dict(zip(kind, ends, strict=True))

    def _notes(self) -> list[str]:
        """Lines below the table, in emmeans' words."""
        lines = []
        if self.averaged:
            lines.append(f"Results are averaged over the levels of: {', '.join(self.averaged)}")
        if self.fixed.denominators.method:
            lines.append(f"Degrees-of-freedom method: {self.fixed.denominators.method.lower()}")
        if self.scale is not None and not self.response:
            lines.append(f"Results are given on the {self.scale.name} (not the response) scale.")
        lines += self.notes
        if not self.tests:
            lines.append(f"Confidence level used: {self.level:.7g}")
        lines += self._adjusted()
        if self.scale is not None and self.response:
            done = "Tests are performed on" if self.tests else "Intervals are back-transformed from"
            lines.append(f"{done} the {self.scale.name} scale")
        return lines

    @property
    def adjusted(self) -> str:
        """How intervals are adjusted; empty where they are not."""
        method = replace(self, tests=False)._method
        return "" if method == "none" else method

    @property
    def _method(self) -> str:
        """The adjustment that is made: of families of one none, of intervals Bonferroni's for those without."""
        if max(map(len, self._families())) == 1:
            return "none"
        return "bonferroni" if not self.tests and self.adjust in STEPWISE else self.adjust

    def _adjusted(self) -> list[str]:
        """The line that tells of the adjustment."""
        size, adjust = max(map(len, self._families())), self._method
        if adjust == "none":
            return []
        what = "P value" if self.tests else "Conf-level"
        if adjust == "tukey":
            return [f"{what} adjustment: tukey method for comparing a family of {self.means} estimates"]
        if adjust == "scheffe":
            return [f"{what} adjustment: scheffe method with rank {max(family.rank for _, family in self._parts)}"]
        if adjust == "mvt":
            size = max(len(there) for there, _ in self._parts)
        line = f"{what} adjustment: {adjust} method for {size} {'tests' if self.tests else 'estimates'}"
        return [line, *(self._error() if adjust == "mvt" else [])]

    def _error(self) -> list[str]:
        """The line that tells of probabilities that are less exact than promised."""
        t = self._frame.iloc[:, -2].to_numpy(dtype=float) if self.tests else self._widths
        error = max(family.error(t[there]) for there, family in self._parts)
        return [f"Note: these probabilities have errors up to {error:.0e}"] if error else []

    def _names(self, without: Sequence[str] = (), numbered: bool = True) -> list[str]:
        """What each row is called in contrasts: numbers with the name of their variable, if they are `numbered`."""
        columns = [name for name in self.labels if name not in without]
        texts = {name: [label(value) for value in self.labels[name]] for name in columns}
        for name in columns:
            if numbered and name != "contrast" and all(_is_numeral(text) for text in texts[name]):
                texts[name] = [f"{name}{text}" for text in texts[name]]
        return [" ".join(texts[name][i] for name in columns) for i in range(len(self.labels))]

    def confint(self, level: float | None = None, adjust: str | None = "default") -> Estimates:
        """Return the same estimates with intervals.

        Parameters
        ----------
        level : float, optional
            Coverage, in (0, 1): that of the estimates by default.
        adjust : str or None
            As in `contrast`; by default that of the estimates. Methods that order p values have no intervals, and those
            of Bonferroni are taken, as in emmeans.

        Returns
        -------
        Estimates

        Raises
        ------
        ArgumentError
            When the level is not in (0, 1), or there is no such adjustment.
        """
        level = self.level if level is None else checked_level(level)
        return replace(self, tests=False, level=level)._with_adjustment(adjust)

    def test(self, adjust: str | None = "default") -> Estimates:
        """Return the same estimates with tests of their being 0; on the scale of the linear predictor.

        Parameters
        ----------
        adjust : str or None
            As in `contrast`; by default that of the estimates.

        Returns
        -------
        Estimates

        Raises
        ------
        ArgumentError
            When there is no such adjustment.
        """
        return replace(self, tests=True)._with_adjustment(adjust)

    def _with_adjustment(self, adjust: Any) -> Estimates:
        """Take an adjustment; that of Tukey only for pairs."""
        if adjust == "default":
            return self
        adjust = checked_adjust(adjust)
        if adjust == "tukey" and not self.means:
            note = 'Note: adjust = "tukey" was changed to "sidak": "tukey" is of all pairwise comparisons'
            return replace(self, adjust="sidak", notes=(*self.notes, note))
        return replace(self, adjust=adjust)

    def contrast(
        self, method: Any = "pairwise", by: Any = None, adjust: str | None = "default", ref: Any = None
    ) -> Estimates:
        """Compare the estimates.

        Parameters
        ----------
        method : str or mapping of str to array_like of shape (estimates,), or to mappings of labels to weights
            ``"pairwise"``, ``"revpairwise"``, ``"trt.vs.ctrl"``, ``"poly"``, ``"consec"``, ``"eff"``, ``"del.eff"``,
            ``"mean_chg"``, or weights of the estimates by the contrast's name, one an estimate or by their labels:
            ``{"b - a": [-1, 1, 0]}`` or ``{"b - a": {"b": 1, "a": -1}}``, in which others have the weight 0.
        by : str or sequence of str, optional
            Labels within whose values the estimates are compared: those of the estimates by default, ``()`` for none.
        adjust : str or None
            ``"tukey"`` (the default of pairs), ``"dunnettx"`` (of ``"trt.vs.ctrl"``), ``"fdr"`` (of effects), ``"mvt"``
            (of ``"consec"`` and ``"mean_chg"``), ``"holm"``, ``"hochberg"``, ``"hommel"``, ``"BH"``, ``"BY"``,
            ``"bonferroni"``, ``"sidak"``, ``"scheffe"``; None for none, which is the default of the others. The
            beginning of a word is enough. Adjusted are the tests of each value of `by`; estimates that do not follow
            from the fit count among them, but not for ``"scheffe"``, which has the rank of what is estimable, nor for
            ``"mvt"``. This is the exact method for any correlations: integrals, with errors below 1e-8, for up to three
            means, independent estimates and comparisons with one of independent means; else means over fixed
            directions, whose errors are estimated, are below 2e-4 for a dozen means, and are printed where larger.
            ``"dunnettx"`` is emmeans' approximation for correlations of 0.5.
        ref : str, int or sequence of these, optional
            Of ``"trt.vs.ctrl"``, what the others are compared with, by its label or its position from 0; the first.

        Returns
        -------
        Estimates
            With the columns ``contrast``, those of `by`, ``estimate``, ``SE``, ``df``, ``t.ratio`` (``z.ratio``),
            ``p.value``. Of means on the scale of the response that are logarithms or logits of the linear predictor
            ``ratio`` or ``odds.ratio``, with the value under the null hypothesis, ``null``. `confint` gives intervals.

        Raises
        ------
        ArgumentError
            For an unknown method, label, adjustment or `ref`, or weights that are not one number an estimate
            or of an estimate that is not there.

        Examples
        --------
        >>> import mlm
        >>> rows = {"y": [1.0, 2.2, 4.1, 5.0, 7.3, 9.0, 2.0, 4.4], "f": list("aabbccab")}
        >>> means = mlm.emmeans(mlm.lm("y ~ f", rows), "f")
        >>> print(means.contrast("trt.vs.ctrl", adjust="holm"))
         contrast estimate    SE df t.ratio p.value
         b - a        2.77 0.599  5   4.618  0.0057
         c - a        6.42 0.670  5   9.580  0.0004
        <BLANKLINE>
        P value adjustment: holm method for 2 tests
        """
        by = self.by if by is None else self._checked_by(by)
        parted = replace(self, by=by)
        names, ratio = self._names(by), self.response and self.scale is not None and bool(self.scale.ratio)
        levels = self._names(by, numbered=False)
        parts, rows, constants, sums = [], [], [], []
        for mine in parted._families():
            family = contrast_family(method, [names[k] for k in mine], ref, ratio, [levels[k] for k in mine])
            own = pd.DataFrame({self._contrast_column(by): list(family.names)})
            parts.append(own.assign(**{name: [self.labels[name].iloc[mine[0]]] * len(own) for name in by}))
            rows.append(_weighted(family.weights, self.linear[mine]))
            constants.append(family.weights @ self.constant[mine])
            sums.append(_zero_sums(family.weights))
        return self._compared(parted, (parts, rows, constants), bool(np.concatenate(sums).all()), family, adjust)

    def _compared(
        self, parted: Estimates, several: tuple[list[Any], ...], differences: bool, family: Family, adjust: Any
    ) -> Estimates:
        """Put the contrasts of all families together."""
        parts, rows, constants = several
        scale = self.scale.of_differences() if self.scale is not None and differences else None
        lost = self.scale is not None and scale is None
        found = replace(
            parted,
            labels=pd.concat(parts, ignore_index=True),
            linear=np.concatenate(rows),
            constant=np.concatenate(constants),
            name="estimate",
            scale=scale,
            response=self.response and scale is not None,
            tests=True,
            means=max(map(len, parted._families())) if family.pairs else 0,
            notes=(f"Note: contrasts are still on the {self.scale.name} scale",)
            if lost and self.scale
            else tuple(text for text in self.notes if not text.startswith("Note:")),
        )
        if not len(found.labels):
            raise ArgumentError(f"There is nothing to compare: one estimate{' in each family' if self.by else ''}.")
        return found._with_adjustment(family.adjust if adjust == "default" else adjust)

    def _contrast_column(self, by: Sequence[str]) -> str:
        return "contrast" if "contrast" not in by else "contrast1"

    def _checked_by(self, by: Any) -> tuple[str, ...]:
        several = [by] if isinstance(by, str) else listed(by)
        if several is None or not all(isinstance(name, str) and name in self.labels for name in several):
            there = list(self.labels)
            hint = suggest(by, there) if isinstance(by, str) else ""
            raise ArgumentError(f"by= names some of {first_few(there)}; got {brief(by)}.{hint}")
        if len(several) == len(self.labels.columns):
            raise ArgumentError(f"by= names all of {first_few(list(self.labels))}, and leaves nothing to compare.")
        return tuple(dict.fromkeys(several))

    def plot(self, **options: Any) -> Axes:
        """Draw estimates as dots with their intervals; options as in :func:`mlm.plot.mean_intervals`.

        Raises
        ------
        ArgumentError
            For an unknown option.

        Examples
        --------
        >>> import mlm, replications
        >>> imm10 = replications.load("imm10", verbose=False)
        >>> m = mlm.lmer("math ~ homework * ses + (1 | schnum)", imm10)
        >>> slopes = mlm.slopes(m, "homework", by="ses", at={"ses": [-1, 0, 1]})
        >>> [label.get_text() for label in slopes.plot().get_yticklabels()]
        ['-1', '0', '1']
        """
        for name in options:
            if name not in PLOT_OPTIONS:
                raise ArgumentError(
                    f"plot() has no option {name!r}; it has {', '.join(PLOT_OPTIONS)}.{suggest(name, PLOT_OPTIONS)}"
                )
        return mean_intervals(self, **options)


def _weighted(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Weighted sums of rows, of which those without weight may be NaN."""
    found = weights @ np.nan_to_num(rows)
    found[(np.abs(weights) @ np.isnan(rows)) > 0.0] = np.nan
    return np.asarray(found)


def _zero_sums(weights: np.ndarray) -> np.ndarray:
    """Which contrasts have weights that add up to 0."""
    return np.asarray(np.abs(weights.sum(axis=1)) <= ZERO_SUM * np.abs(weights).max(initial=0.0))


def _is_numeral(text: str) -> bool:
    try:
        return is_number(float(text))
    except ValueError:
        return False
