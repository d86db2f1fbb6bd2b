"""The bootstrap of a model: refits to simulated responses, or to whole groups drawn anew."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ..console import counting
from ..errors import (
    ArgumentError,
    ConvergenceWarning,
    FitError,
    MlmError,
    brief,
    is_count,
    is_number,
    is_one_of,
    suggest,
    users_stacklevel,
)
from ..fit.one_level import of_response
from ..fit.refits import Refitting, covariances, refit_alone, refit_on
from ..fit.simulate import MOST_RESPONSES, Draws, generator
from ..frame.resampling import with_levels
from ..language.formula import without_double_bars
from ..report import r_numbers, r_text
from ..report.face import demand_model, is_generalized, is_mixed
from ..report.html import as_html
from .bootstrap_intervals import demand_kind, limits
from .confint import checked_level, limit_names
from .parameters import parameter_names, parameter_values, values_of

__all__ = ["Bootstrap", "bootstrap"]

HEADINGS = {"parametric": "PARAMETRIC BOOTSTRAP", "groups": "BOOTSTRAP OF GROUPS"}


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Estimates from a bootstrap: `print` it, or take `frame`, `estimates` and `confint`.

    Attributes
    ----------
    estimates : pandas.DataFrame, shape (n, parameters)
        One row a refit; NaN where there is none, and for correlations with effects that do not vary.
    observed : pandas.Series
        Of the model itself.
    singular : int
        Refits with a variance of 0 or a correlation of ±1; they count.
    unconverged : int
        Refits whose search did not reach a minimum; they count.
    errors : mapping of int to str
        Why there are no estimates in a row.
    formula : str
    kind : str
    """

    estimates: pd.DataFrame
    observed: pd.Series
    singular: int
    unconverged: int
    errors: Mapping[int, str] = field(repr=False)
    formula: str
    kind: str

    @property
    def failures(self) -> int:
        """Number of refits without estimates."""
        return len(self.errors)

    @property
    def _first_error(self) -> str:
        return next(iter(self.errors.values()))

    @property
    def frame(self) -> pd.DataFrame:
        """One row a parameter, with original, bias (mean of the estimates less that), std. error (their deviation)."""
        values = self.estimates.where(np.isfinite(self.estimates))
        columns = {"original": self.observed, "bias": values.mean() - self.observed, "std. error": values.std()}
        return pd.DataFrame(columns, index=self.observed.index)

    def confint(self, kind: str = "percentile", level: float = 0.95) -> pd.DataFrame:
        """Confidence intervals of the parameters.

        Parameters
        ----------
        kind : {"percentile", "basic", "normal"}
            Quantiles of the estimates; twice the observed value less these, the other way round; the observed value
            less the bias, and so many standard errors about it. Quantiles are interpolated on the scale of normal
            quantiles, as R's boot does.
        level : float
            Coverage, in (0, 1).

        Returns
        -------
        DataFrame, shape (parameters, 2)
            Columns named by the two tail probabilities, as ``"2.5 %"`` and ``"97.5 %"``. Estimates that are not numbers
            do not count.

        Warns
        -----
        ConvergenceWarning
            Where refits failed or did not reach a minimum: how many were used, and why the first one failed.

        Raises
        ------
        ArgumentError
            When the level is not in (0, 1), or there is no such kind.

        References
        ----------
        Davison, A. C. & Hinkley, D. V. (1997). *Bootstrap Methods and their Application*, chapter 5. Cambridge.
        """
        demand_kind(kind)
        level = checked_level(level)
        used, of = len(self.estimates) - self.failures, len(self.estimates)
        if self.errors:
            failed = f"{self.failures:,} failed, the first one by: {self._first_error}"
            warnings.warn(
                f"Intervals are of {used:,} of {of:,} refits; {failed}",
                ConvergenceWarning,
                stacklevel=users_stacklevel(),
            )
        if self.unconverged:
            warnings.warn(
                f"{self.unconverged:,} of {used:,} refits did not reach a minimum, and count: their estimates can be "
                "far off. Leave a term out, or look at `estimates`.",
                ConvergenceWarning,
                stacklevel=users_stacklevel(),
            )
        columns = self.estimates.to_numpy().T  # by their places: a statistic's names can be there twice
        rows = [limits(*each, level, kind) for each in zip(columns, self.observed.to_numpy(), strict=True)]
        return pd.DataFrame(rows, self.observed.index, list(limit_names(level)))

    def __str__(self) -> str:
        cells = {
            name: r_numbers.format_numbers(column.to_numpy(), r_numbers.DIGITS) for name, column in self.frame.items()
        }
        table = r_text.text_table([str(name) for name in self.observed.index], cells)
        formula = r_text.deparse(without_double_bars(self.formula))
        said = f"The first failed by: {self._first_error}" if self.errors else ""
        why = r_text.wrap(said, r_numbers.LINE_WIDTH) if said else []
        counts = " (these count)" if self.unconverged else ""
        done = (
            f"{len(self.estimates):,} refits: {self.singular:,} singular, {self.unconverged:,} not converged{counts}, "
        )
        head = [HEADINGS[self.kind], "", *formula, "", "Bootstrap Statistics :"]
        return "\n".join([*head, table, "", f"{done}{self.failures:,} failed", *why])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(str(self), "mlm-bootstrap")


def bootstrap(
    m: Any,
    n: int = 1000,
    statistic: Callable[[Any], Any] | None = None,
    seed: Any = None,
    kind: str = "parametric",
    re_form: Any = False,
    group: str | None = None,
    progress: bool | None = None,
) -> Bootstrap:
    """Fit a model again and again, to responses drawn from it or to groups drawn from the data.

    Refits of a linear mixed model with one grouping factor are one computation: what depends on the design is there
    once, and the searches of all responses run side by side. With several factors, and for generalized models, they
    are made one by one, as are those of `lm` and `glm`, where a theta of negative binomial counts stays.

    Parameters
    ----------
    m : fitted model
    n : int
        Number of refits.
    statistic : callable, optional
        Takes a fitted model, and returns a number, several, a mapping or a Series, whose numbers are told by their
        names, in whatever order they come: refits are then made one by one. By default the parameters: standard
        deviations and correlations of the random effects, sigma, and fixed effects. A refit of which it raises an
        error, or returns something else, has failed; of the model itself it is an error.
    seed : int, numpy.random.Generator or None
        With a number the result is the same each time; responses are those of ``m.simulate(n, seed)``.
    kind : {"parametric", "groups"}
        Responses drawn from the model; or whole levels of a grouping factor drawn with replacement, with all their
        rows: as many as there are, and those drawn twice as different levels; of mixed models.
    re_form : {False, "NA", 0, None} or str
        As for `simulate`, of the parametric bootstrap: random effects that stay.
    group : str, optional
        The grouping factor whose levels are drawn; that with the fewest levels by default.
    progress : bool, optional
        Whether to say how far it has come; by default on terminals only.

    Returns
    -------
    Bootstrap
        With ``estimates``, ``observed``, ``confint()``, ``singular`` and ``failures``.

    Raises
    ------
    ArgumentError
        When `m` is not a model, an argument has a value that it cannot have, or `statistic` of `m` returns None or
        something else that is not a number.
    FitError
        When no refit succeeds.

    Examples
    --------
    >>> import mlm
    >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0, 3.0, 5.0], "g": list("aabbccdd")}
    >>> found = mlm.bootstrap(mlm.lmer("y ~ 1 + (1 | g)", data), 50, seed=1)
    >>> found.estimates.shape, found.failures
    ((50, 3), 0)

    References
    ----------
    Davison, A. C. & Hinkley, D. V. (1997). *Bootstrap Methods and their Application*. Cambridge.
    van der Leeden, R., Meijer, E. & Busing, F. (2008). Resampling multilevel models. In *Handbook of Multilevel
    Analysis*, chapter 11. Springer.
    """
    demand_model(m)
    _demand_options(m, n, statistic, kind, re_form, group, progress)
    rng, many = generator(seed), int(n)
    with counting("bootstrap", many, progress) as tell:
        if kind == "parametric" and statistic is None and is_mixed(m) and not is_generalized(m):
            return _side_by_side(m, many, Draws(m, re_form), rng, tell)
        fits = _fits_to_groups(m, many, group, rng) if kind == "groups" else _fits(m, many, Draws(m, re_form), rng)
        return _one_by_one(m, many, statistic, kind, fits, tell)


def _demand_options(m: Any, n: Any, statistic: Any, kind: Any, re_form: Any, group: Any, progress: Any) -> None:
    """Refuse what cannot be."""
    if not is_count(n, least=2, most=MOST_RESPONSES):
        raise ArgumentError(f"`n` is a whole number of refits from 2 to {MOST_RESPONSES:,}; got {brief(n)}.")
    if statistic is not None and not callable(statistic):
        raise ArgumentError(f"`statistic` is a function of a fitted model; got {brief(statistic)}.")
    if not is_one_of(kind, tuple(HEADINGS)):
        hint = suggest(kind, HEADINGS) if isinstance(kind, str) else ""
        raise ArgumentError(f"`kind` is 'parametric' or 'groups'; got {brief(kind)}.{hint}")
    if kind == "groups" and not is_mixed(m):
        raise ArgumentError("kind='groups' draws levels of a grouping factor; this model has no random effects.")
    if kind == "groups" and re_form is not False:
        raise ArgumentError("`re_form` is of the parametric bootstrap; leave it out with kind='groups'.")
    if group is not None and kind == "parametric":
        raise ArgumentError("`group` is of kind='groups'; leave it out of the parametric bootstrap.")
    names = [str(name) for name in m.ngrps.index] if is_mixed(m) else []
    if group is not None and not is_one_of(group, names):
        raise ArgumentError(f"`group` is a grouping factor of the model, {', '.join(names)}; got {brief(group)}.")
    if not is_one_of(progress, (None, True, False)):
        raise ArgumentError(f"`progress` is True, False or None; got {brief(progress)}.")


def _side_by_side(m: Any, many: int, draws: Draws, rng: np.random.Generator, tell: Callable[[int], None]) -> Bootstrap:
    """Refits of a linear mixed model, as one computation where that is possible."""
    work = Refitting(m, many)
    while work.done < many:
        work.add(draws.responses(rng, min(work.at_once, many - work.done)).T)
        tell(work.done)
    found = work.found
    if len(found.errors) == many:
        raise FitError(f"None of the {many:,} refits succeeded: {found.errors[0]}")
    values = parameter_values(list(covariances(m, found)), found.sigma, found.beta)
    there = np.isfinite(found.deviance)
    return Bootstrap(
        pd.DataFrame(values, columns=parameter_names(m)),
        pd.Series(values_of(m), parameter_names(m)),
        int(found.singular(m.working.layout).sum()),
        int((there & ~found.converged).sum()),
        found.errors,
        m.formula,
        "parametric",
    )


def _fits(m: Any, many: int, draws: Draws, rng: np.random.Generator) -> Iterator[Callable[[], Any]]:
    """Refits to simulated responses, each made when it is called for."""
    refit = refit_alone if is_mixed(m) else of_response
    for _ in range(many):
        yield partial(refit, m, draws.responses(rng, 1)[0])


def _fits_to_groups(m: Any, many: int, group: str | None, rng: np.random.Generator) -> Iterator[Callable[[], Any]]:
    """Refits to whole levels of a grouping factor drawn with replacement."""
    name = group or str(m.ngrps.idxmin())
    size = m.frame.groupings[name].size
    for _ in range(many):
        yield partial(refit_on, m, with_levels(m.frame, name, rng.integers(0, size, size)))


def _one_by_one(
    m: Any,
    many: int,
    statistic: Callable[[Any], Any] | None,
    kind: str,
    fits: Iterator[Callable[[], Any]],
    tell: Callable[[int], None],
) -> Bootstrap:
    """Take a statistic, or all parameters, of each refit."""
    observed = _numbers(statistic(m)) if statistic else pd.Series(values_of(m), parameter_names(m))
    rows, errors = np.full((many, len(observed)), np.nan), {}
    singular = unconverged = 0
    for k, make in enumerate(fits):
        try:
            fit = make()
            found = _taken(statistic, fit) if statistic else pd.Series(values_of(fit), parameter_names(fit))
            rows[k] = _by_name(found, observed)
        except MlmError as error:
            errors[k] = str(error)
        else:
            singular += getattr(fit, "is_singular", False)
            unconverged += not getattr(fit, "converged", True)
        tell(k + 1)
    if len(errors) == many:
        raise FitError(f"None of the {many:,} refits succeeded: {errors[0]}")
    estimates = pd.DataFrame(rows, columns=observed.index)
    return Bootstrap(estimates, observed, int(singular), int(unconverged), errors, m.formula, kind)


def _by_name(found: pd.Series, observed: pd.Series) -> np.ndarray:
    """Numbers of a refit in the places that those of the model have, by their names."""
    if len(found) != len(observed):
        raise FitError(f"{len(found)} numbers in place of {len(observed)}: not all terms are in these rows.")
    if found.index.equals(observed.index):
        return found.to_numpy()
    unknown = found.index[~found.index.isin(observed.index) | found.index.duplicated()]
    if len(unknown):
        raise FitError(f"A refit has numbers by other names than the model, such as {brief(unknown[0])}.")
    return found.reindex(observed.index).to_numpy()


def _taken(statistic: Callable[[Any], Any], fit: Any) -> pd.Series:
    """A statistic of a refit; what it raises there is a failure of this refit."""
    try:
        found = statistic(fit)
    except Exception as error:
        raise FitError(f"`statistic` raised {type(error).__name__}: {error}") from error
    return _numbers(found)


def _numbers(found: Any) -> pd.Series:
    """What a statistic returns, as numbers with names; missing ones are NaN, and neither None nor texts are numbers."""
    if is_number(found):
        return pd.Series({"statistic": float(found)})
    try:
        values = np.asarray(list(found.values()) if isinstance(found, Mapping) else found).ravel()
        numeric = values.dtype.kind in "biuf" or all(is_number(one) for one in values)
    except (TypeError, ValueError, OverflowError):
        numeric = False
    if not numeric or not len(values):
        raise ArgumentError(
            f"`statistic` returns a number, several, a mapping or a Series of them; got {brief(found)}."
        )
    names = found if isinstance(found, Mapping | pd.Series) else [f"t{k}" for k in range(1, len(values) + 1)]
    return pd.Series(values.astype(float), names.index if isinstance(names, pd.Series) else list(names))
