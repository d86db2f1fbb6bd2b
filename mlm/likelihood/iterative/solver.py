"""The criterion, its slopes and the average information of crossed factors, estimated where they need a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...crossproducts.blocks import CrossProducts
from ...errors import FitError
from ..covariance import CovarianceLayout
from ..criterion import Criterion, Curvature, Evaluation, ExpectedInformation
from ..level_bases import SQUARES_ROUNDING
from .conjugate_gradients import conjugate_gradients
from .probes import Elimination, Probed, eliminate, probed, signs
from .system import CrossedSystem, SystemAt, by_level

__all__ = ["Estimated", "Iterative", "needs_exact"]

# Share that is left of the right sides of second derivatives, which only say where to look next and how sure theta is.
INFORMATION_TOLERANCE = 1e-6
# ... and of those of conditional covariances that are asked for.
COVARIANCE_TOLERANCE = 1e-9
# Levels whose conditional covariances are solved for at once.
LEVELS_AT_ONCE = 32


def needs_exact(what: str) -> FitError:
    """The error of what is not given where traces are estimated; `what` is the subject of its first sentence."""
    return FitError(
        f"{what} cannot be had of a fit that was solved iteratively, whose traces and criterion carry a Monte Carlo "
        "error. Fit the model with solver='exact', if the system of its crossed factors fits in memory; fixed effects "
        "can be tested by their estimates and standard errors (normal distribution)."
    )


class Estimated(NamedTuple):
    """An evaluation, with its derivatives along steps ``T X`` of each factor's T, X having one element of theta each.

    Attributes
    ----------
    evaluation : Evaluation
        Without derivatives; its value is the mean over the probes.
    values : ndarray, shape (probes,)
        The criterion as each probe has it.
    slopes : list of ndarray, shapes (q, q)
        ``T' G T`` of each factor, with the slope G by its Sigma.
    scores : ndarray, shape (probes, n_theta)
        Derivatives along the steps, as each probe has them.
    information : ndarray, shape (n_theta, n_theta)
        Average information: second derivatives, without what the slope adds to them.
    """

    evaluation: Evaluation
    values: np.ndarray
    slopes: list[np.ndarray]
    scores: np.ndarray
    information: np.ndarray

    @property
    def score(self) -> np.ndarray:
        """Derivatives along the steps, shape (n_theta,)."""
        return self.scores.mean(axis=0)

    @property
    def value_error(self) -> float:
        """Monte Carlo standard error of the criterion."""
        return float(self.values.std(ddof=1) / np.sqrt(len(self.values)))


class Iterative:
    """Cross-products with several grouping factors, of which no system is filled in.

    Parameters
    ----------
    products : CrossProducts
    layout : CovarianceLayout
    criterion : Criterion
    probes : int
        At least 2.
    seed : int
        Of the probes.

    References
    ----------
    Gilmour, A. R., Thompson, R. & Cullis, B. R. (1995). Average information REML. Biometrics 51, 1440-1450.

    Matilainen, K., Mäntysaari, E. A., Lidauer, M. H., Strandén, I. & Thompson, R. (2013). Employing a Monte Carlo
    algorithm in Newton-type methods for restricted maximum likelihood estimation of genetic parameters. PLoS ONE 8(12),
    e80821.
    """

    exact = False

    def __init__(
        self, products: CrossProducts, layout: CovarianceLayout, criterion: Criterion, probes: int, seed: int
    ) -> None:
        self.xy, self.layout, self.criterion = products.xy, layout, criterion
        self.probes, self.seed = probes, seed
        self.system = CrossedSystem(products)

    def lost(self, theta: np.ndarray) -> float:
        """See `Solver.lost`: not known beyond the rounding of the squares themselves."""
        return SQUARES_ROUNDING * float(self.xy[-1, -1])

    @property
    def differences(self) -> np.ndarray:
        """See `Solver.differences`: all of them."""
        return np.ones(len(self.xy) - 1, dtype=bool)

    def estimate(self, theta: np.ndarray, probes: int | None = None) -> Estimated:
        """Evaluate the criterion and its derivatives.

        Parameters
        ----------
        theta : ndarray, shape (n_theta,)
        probes : int, optional
            Fewer of the probes than there are.
        """
        at = SystemAt(self.system, self.layout.matrices(theta))
        data, random = eliminate(at, self.xy), self._probed(at, probes)
        evaluation = self._evaluation(theta, data, random)
        values = evaluation.value + random.log_det - random.log_det.mean()
        each = self._slopes(data, random, evaluation.sigma2)
        slopes, information = [e.mean(axis=0) for e in each], self._information(at, data, evaluation.sigma2)
        return Estimated(evaluation, values, slopes, self._scores(each), information)

    def scores(self, theta: np.ndarray) -> np.ndarray:
        """Derivatives along the steps, as each probe has them, and nothing else: shape (probes, n_theta)."""
        at = SystemAt(self.system, self.layout.matrices(theta))
        data, random = eliminate(at, self.xy), self._probed(at)
        return self._scores(self._slopes(data, random, self._evaluation(theta, data, random).sigma2))

    def evaluate(self, theta: np.ndarray, derivatives: int) -> Evaluation:
        """Estimate the criterion, without derivatives."""
        if derivatives:
            raise needs_exact("The gradient of the criterion")
        at = SystemAt(self.system, self.layout.matrices(theta))
        return self._evaluation(theta, eliminate(at, self.xy), self._probed(at))

    def curvature(self, at: Evaluation) -> None:
        """See `Solver.curvature`: there is none."""

    def moved(self, at: Evaluation, step: np.ndarray, decrease: float) -> None:
        """See `Solver.moved`: the end of a step is evaluated."""

    def along(
        self,
        matrices: list[np.ndarray],
        steps: Sequence[np.ndarray],
        at: Evaluation | None = None,
        second: bool = True,
    ) -> Curvature:
        """See `Solver.along`: refused."""
        raise needs_exact("Degrees of freedom by Satterthwaite's method, from exact second derivatives,")

    def expected(self, matrices: list[np.ndarray], changes: Sequence[np.ndarray]) -> ExpectedInformation:
        """See `Solver.expected`: refused."""
        raise needs_exact("Kenward and Roger's covariance matrix, from the expected information,")

    def modes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Conditional modes (q, J) of each factor's effects, and estimates of their covariances over sigma² (q, q, J).

        A block of ``M^-1`` is that of ``P^-1`` and the mean over probes of the products with what is left; it is never
        less than what it is when all other effects are known.
        """
        matrices = self.layout.matrices(theta)
        at = SystemAt(self.system, matrices)
        data, random = eliminate(at, self.xy), self._probed(at)
        modes = [t @ u for t, u in zip(matrices, self._last(data), strict=True)]
        started = [at.through_first(random.started), *(random.started[part] for part in self.system.slices)]
        rest = [at.through_first(random.solved), *(random.solved[part] for part in self.system.slices)]
        known = [(at.preconditioned_covariance(), at.inverse), *((inverse, inverse) for inverse in at.inverses)]
        covariances = []
        for t, (blocks, least), a, b in zip(matrices, known, rest, started, strict=True):
            blocks = blocks + _level_products(a, b, len(t), self.probes)
            diagonal = np.arange(len(t))
            blocks[diagonal, diagonal] = np.maximum(blocks[diagonal, diagonal], least[diagonal, diagonal])
            covariances.append(np.einsum("ab,bcj,dc->adj", t, blocks, t, optimize=True))
        return modes, covariances

    def covariances_of(self, theta: np.ndarray, factor: int, levels: np.ndarray) -> np.ndarray:
        """Covariances over sigma² of the effects of some levels of a factor, each solved for: shape (q, q, levels)."""
        matrices = self.layout.matrices(theta)
        at, t = SystemAt(self.system, matrices), matrices[factor]
        out = np.empty((len(t), len(t), len(levels)))
        for start in range(0, len(levels), LEVELS_AT_ONCE):
            some = levels[start : start + LEVELS_AT_ONCE]
            blocks = self._blocks(at, factor, some)
            out[:, :, start : start + len(some)] = np.einsum("ab,bcj,dc->adj", t, blocks, t)
        return out

    def predicted(
        self, theta: np.ndarray, columns: list[np.ndarray], codes: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """How sure sums of effects are, each solved for.

        Parameters
        ----------
        theta : ndarray, shape (n_theta,)
        columns : list of ndarray, shapes (k, q)
            What each of k sums has of the effects of one level of each factor.
        codes : list of ndarray of int, shapes (k,)
            Which level that is; -1 for one that is not there.

        Returns
        -------
        variances : ndarray, shape (k,)
            Over sigma², the fixed effects taken as known.
        matched : ndarray, shape (k, p)
            What the sums of the effects' predictions change by, with the fixed effects.
        """
        matrices = self.layout.matrices(theta)
        at, spherical = SystemAt(self.system, matrices), [z @ t for z, t in zip(columns, matrices, strict=True)]
        fixed = self._fixed(eliminate(at, self.xy))
        count = len(codes[0])
        variances, matched = np.zeros(count), np.zeros((count, len(self.xy) - 1))
        for a, code, own in zip(spherical, codes, fixed, strict=True):
            matched += np.einsum("kq,qkp->kp", np.where(code[:, None] < 0, 0.0, a), own[:, code])
            variances += np.where(code < 0, np.einsum("kq,kq->k", a, a), 0.0)
        for start in range(0, count, LEVELS_AT_ONCE):
            some = slice(start, start + LEVELS_AT_ONCE)
            every = [
                self._spread(k, a[some], code[some]) for k, (a, code) in enumerate(zip(spherical, codes, strict=True))
            ]
            first, others = every[0], np.concatenate(every[1:])
            solved, rest = at.solve(first, others, COVARIANCE_TOLERANCE)
            variances[some] += np.einsum("ik,ik->k", first, solved) + np.einsum("ik,ik->k", others, rest)
        return variances, matched

    def _spread(self, factor: int, columns: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Columns (k, q) at the levels of one factor: shape (q J, k), 0 where there is no level."""
        q, levels = self.system.shapes[factor]
        out, there = np.zeros((q, levels, len(codes))), np.flatnonzero(codes >= 0)
        out[:, codes[there], there] = columns[there].T
        return out.reshape(q * levels, -1)

    def _blocks(self, at: SystemAt, factor: int, levels: np.ndarray) -> np.ndarray:
        """Blocks of ``M^-1``, shape (q, q, levels)."""
        q, count = self.system.shapes[factor]
        rows = np.arange(q)[:, None] * count + levels
        columns = np.arange(rows.size).reshape(rows.shape)
        every = np.zeros((count * q, rows.size))
        every[rows, columns] = 1.0
        found = self._of(at.solve(*self._only(factor, every), COVARIANCE_TOLERANCE), factor)
        return found[rows[:, None], columns[None]]

    def _only(self, factor: int, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Columns of one factor's effects, with effects of 0 of all other factors."""
        q, levels = self.system.shapes[0]
        if factor == 0:
            return columns, np.zeros((self.system.width, columns.shape[1]))
        others = np.zeros((self.system.width, columns.shape[1]))
        others[self.system.slices[factor - 1]] = columns
        return np.zeros((q * levels, columns.shape[1])), others

    def _of(self, both: tuple[np.ndarray, np.ndarray], factor: int) -> np.ndarray:
        """One factor's part of the columns of the first factor and of the others."""
        return both[0] if factor == 0 else both[1][self.system.slices[factor - 1]]

    def _slopes(self, data: Elimination, random: Probed, sigma2: float) -> list[np.ndarray]:
        """``T' G T`` of each factor as each probe has it, shapes (probes, q, q)."""
        exact = [-(u @ u.T) / sigma2 for u in self._last(data)]
        if self.criterion.reml:
            exact = [e - _shared(u @ data.fixed.inverse_root) for e, u in zip(exact, self._fixed(data), strict=True)]
        sizes = [float(levels) for _, levels in self.system.shapes]
        return [size * np.eye(len(e)) + e - traces for size, e, traces in zip(sizes, exact, random.traces, strict=True)]

    def _scores(self, slopes: list[np.ndarray]) -> np.ndarray:
        return np.stack([self.layout.pick([2.0 * e[c] for e in slopes]) for c in range(len(slopes[0]))])

    def _evaluation(self, theta: np.ndarray, data: Elimination, random: Probed) -> Evaluation:
        return self.criterion.evaluation(theta, data.fixed, float(random.log_det.mean()))

    def _probed(self, at: SystemAt, probes: int | None = None) -> Probed:
        return probed(at, self._signs[:, :probes])

    @property
    def _signs(self) -> np.ndarray:
        return signs(self.system.width, self.probes, self.seed)

    @staticmethod
    def _fixed(data: Elimination) -> list[np.ndarray]:
        """``Lambda' Z' V^-1 X`` of each factor, shapes (q, J, p)."""
        return [u[:, :, :-1] for u in data.u]

    @staticmethod
    def _last(data: Elimination) -> list[np.ndarray]:
        """``Lambda' Z' V^-1 (y - X beta)`` of each factor, which are the modes of u: shapes (q, J)."""
        return [u[:, :, -1] - u[:, :, :-1] @ data.fixed.beta for u in data.u]

    def _information(self, at: SystemAt, data: Elimination, sigma2: float) -> np.ndarray:
        """Average information about the steps, sigma being profiled out.

        With ``d_a = (X_a + X_a') u`` of each level, ``V_a P y = Z Lambda d_a``, and ``Lambda' Z' V^-1 Z Lambda`` is
        ``I - M^-1``.
        """
        layout, last = self.layout, self._last(data)
        blocks = [np.zeros((*u.shape, layout.n_theta)) for u in last]
        squares = np.zeros(layout.n_theta)
        for k, u in enumerate(last):
            mine = layout.positions(k)[0]
            units = layout.units(k)
            changed = (units + units.transpose(0, 2, 1)) @ u
            blocks[k][:, :, mine] = changed.transpose(1, 2, 0)
            squares[mine] = np.einsum("mqj,qj->m", changed, u)
        first, *others = (b.reshape(-1, layout.n_theta) for b in blocks)
        joint = np.concatenate(others)
        right = at.reduced(first, joint)
        x = conjugate_gradients(at.times, at.precondition, right, np.full(right.shape[1], INFORMATION_TOLERANCE)).x
        inner = first.T @ by_level(at.inverse, first) + right.T @ x
        pairs = zip(self._fixed(data), blocks, strict=True)
        fixed = sum(np.einsum("qjp,qjm->pm", f, b) for f, b in pairs)
        total = first.T @ first + joint.T @ joint - inner - fixed.T @ data.fixed.inverse @ fixed
        dof = self.criterion.dof
        return 0.5 * (total + total.T) / sigma2 - np.outer(squares, squares) / (sigma2**2 * dof)


def _shared(columns: np.ndarray) -> np.ndarray:
    """Sum over levels of ``F_j F_j'``, of shape (q, J, p)."""
    return np.einsum("ajp,bjp->ab", columns, columns)


def _level_products(a: np.ndarray, b: np.ndarray, q: int, probes: int) -> np.ndarray:
    """Means over the probes of the products within each level, with those of the constant effects: (q, q, J)."""
    one, other = (v.reshape(q, -1, v.shape[1]) for v in (a, b))
    half = np.einsum("ajc,bjc->abj", one[:, :, :probes], other[:, :, :probes]) / probes
    half += np.einsum("ajc,bjc->abj", one[:, :, probes:], other[:, :, probes:])
    return 0.5 * (half + half.transpose(1, 0, 2))
