"""New responses drawn from a fitted model: new random effects or those of the fit, and new residuals."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np

from ..errors import ArgumentError, FitError, brief, counted, is_count, shorten
from ..frame.columns import Columns
from ..report.face import demand_model, is_generalized, is_mixed
from .predict import chosen_effects, demand_no_effects

__all__ = ["MOST_RESPONSES", "Draws", "generator", "simulate"]

# Responses that are drawn at most: more than any bootstrap has use for.
MOST_RESPONSES = 1_000_000
# Numbers that are drawn at once, 32 MB: fewer cost array calls, more do not stay in the processor's cache.
PIECE_NUMBERS = 1 << 22


def simulate(m: Any, n: int = 1, seed: Any = None, re_form: Any = False) -> np.ndarray:
    """Draw new responses from a fitted model, of any kind.

    Parameters
    ----------
    m : fitted model
    n : int
        How many.
    seed : int, numpy.random.Generator or None
        With a number the responses are the same each time; the first ones are the same for each `n`.
    re_form : {False, "NA", 0, None} or str
        Random effects that stay what the fit found, as in `predict`: False (``"NA"``, 0), none of them, so that all are
        drawn anew, which is lme4's default (``use.u = FALSE``); None, all (``use.u = TRUE``); some of the formula's
        terms, such as ``"(1 | g)"``, these, while the others are drawn anew. Only whole terms can stay.

    Returns
    -------
    ndarray, shape (rows, n)
        For the rows in use, in their order, as `fitted`: rows with missing values have none. Numbers are on the scale
        of the response as the formula has it, ``log(y)`` for ``log(y) ~ x``; of a binomial model shares of successes
        among the trials of each row. Prior weights divide the variance, as they do in the fit; of counts they change
        nothing. The dispersion is that of `sigma`.

    Raises
    ------
    ArgumentError
        When `m` is not a model, `n` no count, `seed` none, or `re_form` is unknown or not for this model.
    FitError
        When means are drawn that the family cannot have, or trials are not whole numbers.

    Examples
    --------
    >>> import mlm
    >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1, 2, 4, 5, 7, 9], "g": list("aabbcc")})
    >>> mlm.simulate(m, 100, seed=1).shape
    (6, 100)

    References
    ----------
    Davison, A. C. & Hinkley, D. V. (1997). *Bootstrap Methods and their Application*, section 3.8. Cambridge.
    """
    demand_model(m)
    if not is_count(n, most=MOST_RESPONSES):
        raise ArgumentError(f"`n` is a whole number of responses from 1 to {MOST_RESPONSES:,}; got {brief(n)}.")
    rng, draws = generator(seed), Draws(m, re_form)
    out = np.empty((m.nobs, int(n)))
    piece = draws.at_once
    for start in range(0, int(n), piece):
        stop = min(start + piece, int(n))
        out[:, start:stop] = draws.responses(rng, stop - start).T
    return out


def generator(seed: Any) -> np.random.Generator:
    """Return the generator of a seed: a whole number that is not negative, a generator itself, or None.

    Raises
    ------
    ArgumentError
        When it is something else.
    """
    if seed is None or isinstance(seed, np.random.Generator):
        return np.random.default_rng(seed)
    if not is_count(seed, least=0, most=2**128):
        raise ArgumentError(f"`seed` is a whole number from 0 on, a numpy Generator, or None; got {brief(seed)}.")
    return np.random.default_rng(int(seed))


class _Effects(NamedTuple):
    """Effects of one term that are drawn: columns, level of each row, number of levels, root of the covariance."""

    columns: Columns
    codes: np.ndarray
    levels: int
    root: np.ndarray

    @property
    def numbers(self) -> int:
        """How many standard normal numbers it takes."""
        return self.levels * len(self.root)

    def add_to(self, eta: np.ndarray, normal: np.ndarray) -> None:
        """Add the effects that these numbers, shape (count, numbers), make to linear predictors (count, n)."""
        effects = normal.reshape(len(normal), self.levels, len(self.root)) @ self.root.T
        for k, arrays in enumerate(self.columns.factors):
            part = effects[:, :, k].take(self.codes, axis=1)
            for values in () if self.columns.is_one(k) else arrays:
                part *= values
            eta += part


class Draws:
    """What responses of a model are drawn from.

    Parameters
    ----------
    m : fitted model
    re_form
        As for `simulate`.

    Attributes
    ----------
    known : ndarray, shape (n,)
        The linear predictor but for what is drawn.
    effects : list of _Effects
    """

    def __init__(self, m: Any, re_form: Any = False) -> None:
        self.m, frame = m, m.frame
        self.known = frame.x @ m.fixef.to_numpy() + frame.known_part
        self.effects: list[_Effects] = []
        if is_mixed(m):
            self._share_out(m, chosen_effects(cast(Any, m), re_form), re_form)
        else:
            demand_no_effects(re_form)
        self.numbers = sum(e.numbers for e in self.effects)

    def _share_out(self, m: Any, kept: dict[int, list[int]], re_form: Any) -> None:
        """Tell the terms whose effects stay from those that are drawn."""
        layout = m.deviance_function.layout
        matrices = layout.matrices(m.theta)
        for k, (slot, part) in enumerate(zip(layout.slots, m.terms, strict=True)):
            block, grouping = slice(slot.start, slot.start + slot.size), m.frame.groupings[part.term.group]
            stay = kept.get(k, [])
            if 0 < len(stay) < slot.size:
                raise ArgumentError(
                    f"re_form={re_form!r} keeps a part of '({shorten(part.term.text)})', whose effects are drawn "
                    "together; give the whole term."
                )
            if stay:
                modes = m.modes[part.term.group][0][block]
                self.known = self.known + np.einsum("ij,ji->i", part.columns.matrix(), modes[:, grouping.codes])
            else:
                root = m.sigma * matrices[slot.factor][block, block]
                self.effects.append(_Effects(part.columns, grouping.codes, grouping.size, root))

    @property
    def at_once(self) -> int:
        """How many responses to draw at once."""
        return max(1, PIECE_NUMBERS // (self.numbers + len(self.known)))

    def responses(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw so many responses, shape (count, n): the same, one after another or all at once."""
        if is_generalized(self.m):
            return np.stack([self._generalized(rng) for _ in range(count)])
        normal = rng.standard_normal((count, self.numbers + len(self.known)))
        y = normal[:, self.numbers :]
        weights = self.m.frame.weights
        y *= self.m.sigma if weights is None else self.m.sigma / np.sqrt(weights)
        y += self.known
        self._add_effects(y, normal)
        return y

    def _add_effects(self, eta: np.ndarray, normal: np.ndarray) -> None:
        start = 0
        for e in self.effects:
            e.add_to(eta, normal[:, start : start + e.numbers])
            start += e.numbers

    def _generalized(self, rng: np.random.Generator) -> np.ndarray:
        """Draw one response of a family, shape (n,)."""
        eta = self.known[None].copy()
        self._add_effects(eta, rng.standard_normal((1, self.numbers)))
        family, outcome = self.m.family, self.m.outcome
        outside = ~family.admitted(eta[0])
        if outside.any():
            raise FitError(
                f"The linear predictors drawn have no mean of the {family.name} family in "
                f"{counted(int(outside.sum()), 'row')} of {len(self.known):,}, as link={family.link.name!r} leaves the "
                "family's range; keep the random effects, re_form=None, or fit with another link."
            )
        mu = family.link.inverse(eta[0])
        return np.asarray(family.draw(rng, mu, outcome.weights, self.m.sigma**2, outcome.trials), dtype=float)
