"""Mixed models the long way: n x n matrices straight from the definitions, and small data sets of every structure."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlm.crossproducts.in_memory import cross_products
from mlm.fit.stages import deviance_function, grouping_factors, sorted_terms
from mlm.frame.model_frame import ModelFrame, RandomPart, model_frame
from mlm.likelihood.deviance import Deviance

# formula by structure; every factor has levels of very different sizes, some with a single row
STRUCTURES = {
    "one, intercept": "y ~ x + (1 | g)",
    "one, slope": "y ~ x + (1 + x | g)",
    "one, slope alone": "y ~ 0 + x + (0 + z | g)",
    "one, two slopes": "y ~ x * z + (1 + x + z | g)",
    "one, two terms": "y ~ x + (1 | g) + (0 + x | g)",
    "one, terms of two and one": "y ~ 1 + (1 + x | g) + (0 + z | g)",
    "one, no fixed effects": "y ~ 0 + (1 + x | g)",
    "nested twice": "y ~ x + (1 | a/b)",
    "nested twice, slopes": "y ~ x + (1 + x | a/b)",
    "nested three deep": "y ~ x + (1 | a/b/c)",
    "nested three deep, slopes": "y ~ z + (1 | a/b/c) + (0 + x | a) + (0 + z | a:b)",
    "crossed": "y ~ x + (1 | g) + (1 | h)",
    "crossed, slopes": "y ~ x + (1 + x | g) + (1 + z | h)",
    "crossed three ways": "y ~ x + (1 | g) + (1 | h) + (0 + z | k)",
    "crossed with nested": "y ~ x + (1 + x | a/b) + (1 | h)",
    "crossed with nested three deep": "y ~ x + (1 | a/b/c) + (1 + z | h) + (1 | k)",
    "one row only in a level, crossed": "y ~ x + (1 + x | lonely) + (1 | h)",
}

# grouping factors of `mobility`
MOBILITY = [
    "y ~ x + (1 | worker) + (1 | firm)",
    "y ~ x + (1 + x | worker) + (1 + x | firm)",
    "y ~ x + (1 | worker) + (1 + x | firm) + (1 | town)",
    "y ~ 1 + (1 | worker) + (0 + x | firm) + (1 | firm) + (1 | town)",
    "y ~ x + (1 | spell) + (1 | worker) + (1 + x | firm)",
]


def data(seed: int = 1, n: int = 96) -> pd.DataFrame:
    """Rows for all structures: nested a/b/c, crossed g, h, k, `lonely` with many one-row levels."""
    rng = np.random.default_rng(seed)
    c = np.sort(rng.integers(0, 30, n))
    frame = pd.DataFrame({"a": c // 10, "b": c // 3, "c": c, "k": rng.integers(0, 3, n), "x": rng.normal(size=n)})
    frame["g"] = np.minimum(rng.geometric(0.12, n) - 1, 13)
    frame["h"] = rng.choice(6, n, p=[0.4, 0.3, 0.1, 0.1, 0.06, 0.04])
    frame["lonely"] = np.where(np.arange(n) % 4, np.arange(n) % 8, 100 + np.arange(n))
    frame["z"], frame["w"] = 0.5 * frame["x"] + rng.normal(size=n), rng.gamma(3.0, 0.4, n)
    effects = sum(rng.normal(size=40)[frame[f]] for f in ("a", "b", "c", "g", "h", "k"))
    slopes = 0.7 * rng.normal(size=14)[frame["g"]] * frame["x"] + 0.5 * rng.normal(size=4)[frame["a"]] * frame["z"]
    frame["y"] = 10 + frame["x"] + effects + slopes + rng.normal(size=n)
    return frame


def mobility(workers: int, firms: int, rows: int, seed: int = 1, reach: int = 1) -> pd.DataFrame:
    """Workers who move no further than `reach` firms, on a ring of firms, three to a town."""
    rng = np.random.default_rng(seed)
    worker = np.sort(rng.integers(0, workers, rows))
    firm = (worker * firms // workers + rng.integers(0, 1 + reach, rows)) % firms
    frame = pd.DataFrame({"worker": worker, "firm": firm, "town": firm // 3, "x": rng.normal(size=rows)})
    frame["spell"] = 2 * worker + (np.arange(rows) % 3 == 0)
    y = 1.0 + frame["x"] * (0.5 + 0.3 * rng.normal(size=firms)[firm]) + rng.normal(size=firms)[firm]
    frame["y"] = y + 0.7 * rng.normal(size=workers)[worker] + rng.normal(size=rows)
    return frame


def setup(formula: str, frame: pd.DataFrame, reml: bool, weights: str | None = None) -> tuple[Deviance, "Dense"]:
    """The engine's deviance function and the dense one, for the same model."""
    rows = model_frame(formula, frame, weights)
    terms = sorted_terms(rows)
    fast = deviance_function(terms, cross_products(rows, grouping_factors(rows, terms)), reml)
    return fast, Dense.of(rows, terms, reml)


@dataclass(frozen=True)
class Dense:
    """The same model as dense matrices: `z` has one (n, q, J) array a term."""

    x: np.ndarray
    y: np.ndarray
    z: list[np.ndarray]
    weights: np.ndarray
    reml: bool

    @classmethod
    def of(cls, frame: ModelFrame, terms: list[RandomPart], reml: bool) -> "Dense":
        z = []
        for part in terms:
            codes, levels = frame.groupings[part.term.group].codes, len(frame.groupings[part.term.group].levels)
            z.append(part.columns.matrix()[:, :, None] * np.eye(levels)[codes][:, None, :])
        weights = np.ones(frame.nobs) if frame.weights is None else frame.weights
        y = frame.y if frame.offset is None else frame.y - frame.offset
        return cls(np.array(frame.x), y, z, weights, reml)

    @property
    def sizes(self) -> list[int]:
        return [z.shape[1] for z in self.z]

    def factors(self, theta: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Each term's lower triangle, which theta holds column by column, with rows and columns of its elements."""
        out, at = [], 0
        for q in self.sizes:
            t = np.zeros((q, q))
            columns, rows = np.triu_indices(q)
            t[rows, columns] = theta[at : at + len(rows)]
            at += len(rows)
            out.append((t, rows, columns))
        assert at == len(theta)
        return out

    def sigmas(self, theta: np.ndarray) -> list[np.ndarray]:
        """Relative covariance matrices of the terms."""
        return [t @ t.T for t, *_ in self.factors(theta)]

    def covariance(self, theta: np.ndarray) -> np.ndarray:
        v = np.diag(1.0 / self.weights)
        for z, sigma in zip(self.z, self.sigmas(theta), strict=True):
            v += np.einsum("iaj,ab,kbj->ik", z, sigma, z, optimize=True)
        return v

    def solve(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """Generalised least squares with the covariance matrix at `theta`."""
        v = self.covariance(theta)
        inverse = np.linalg.inv(v)
        xvx = self.x.T @ inverse @ self.x
        unscaled = np.linalg.inv(xvx)
        beta = unscaled @ (self.x.T @ inverse @ self.y)
        rest = self.y - self.x @ beta
        dof = len(self.y) - self.reml * self.x.shape[1]
        penalised = rest @ inverse @ rest
        log_det = np.linalg.slogdet(v)[1] + self.reml * np.linalg.slogdet(xvx)[1]
        value = log_det + dof * (1.0 + np.log(2.0 * np.pi * penalised / dof))
        return {
            "value": value,
            "beta": beta,
            "unscaled": unscaled,
            "sigma2": penalised / dof,
            "inverse": inverse,
            "rest": rest,
        }

    def value(self, theta: np.ndarray) -> float:
        return float(self.solve(theta)["value"])

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """Trace formula: ``tr(P dV) - e' dV e / sigma²`` with ``e = V^-1 (y - X beta)``, one element at a time."""
        found = self.solve(theta)
        p, e = found["inverse"], found["inverse"] @ found["rest"]
        if self.reml:
            p = p - p @ self.x @ found["unscaled"] @ self.x.T @ p
        out = []
        for z, (t, rows, columns) in zip(self.z, self.factors(theta), strict=True):
            for i, k in zip(rows, columns, strict=True):
                change = np.zeros_like(t)
                change[i] += t[:, k]
                change[:, i] += t[:, k]
                dv = np.einsum("iaj,ab,kbj->ik", z, change, z, optimize=True)
                out.append(np.sum(p * dv) - e @ dv @ e / found["sigma2"])
        return np.array(out)

    def differences(self, theta: np.ndarray, step: float) -> np.ndarray:
        """Five-point differences of the value."""
        out = np.empty(len(theta))
        for k in range(len(theta)):
            e = np.zeros(len(theta))
            e[k] = step
            near = self.value(theta + e) - self.value(theta - e)
            far = self.value(theta + 2 * e) - self.value(theta - 2 * e)
            out[k] = (8.0 * near - far) / (12.0 * step)
        return out

    def modes(self, theta: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Conditional modes (q, J) and their covariances over sigma² (q, q, J), a term: fixed effects as known."""
        found, out = self.solve(theta), []
        for z, sigma in zip(self.z, self.sigmas(theta), strict=True):
            out.append(
                (
                    np.einsum("ab,ibj,i->aj", sigma, z, found["inverse"] @ found["rest"]),
                    sigma[:, :, None]
                    - np.einsum("ab,ibj,ik,kcj,cd->adj", sigma, z, found["inverse"], z, sigma, optimize=True),
                )
            )
        return out

    def projections(self, theta: np.ndarray) -> list[np.ndarray]:
        """``Z_j' P Z_j`` (q, q, J), a term; P is ``V^-1``, under REML with the fixed effects projected out."""
        found = self.solve(theta)
        p = found["inverse"]
        if self.reml:
            p = p - p @ self.x @ found["unscaled"] @ self.x.T @ p
        return [np.einsum("iaj,ik,kbj->abj", z, p, z, optimize=True) for z in self.z]


def demand_dense_modes(fast: Deviance, dense: Dense, theta: np.ndarray, tolerance: float) -> None:
    """Conditional modes and their covariances must be the dense ones, term by term."""
    modes, covariances = fast.modes(theta)
    for slot, (mode, covariance) in zip(fast.layout.slots, dense.modes(theta), strict=True):
        mine = slice(slot.start, slot.start + slot.size)
        np.testing.assert_allclose(modes[slot.factor][mine], mode, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(covariances[slot.factor][mine, mine], covariance, rtol=tolerance, atol=tolerance)


def surplus_of_all_rows(frame: ModelFrame, terms: list[RandomPart], reml: bool) -> int:
    """Parameters less the rank of the derivatives of the covariance matrix of all rows, in units of the residuals.

    REML: of that of error contrasts. Maximum likelihood: as it is, but what the variances of effects add that the fixed
    effects span, which it makes as small as it can, counts as surplus.
    """
    root = np.ones(frame.nobs) if frame.weights is None else np.sqrt(frame.weights)
    basis = np.linalg.svd(frame.x * root[:, None], full_matrices=False)[0]
    outside = np.eye(frame.nobs) - basis @ basis.T
    sees = outside if reml else np.eye(frame.nobs)
    derivatives, of_spanned = [sees], []
    for part in terms:
        z, codes = part.columns.matrix() * root[:, None], frame.groupings[part.term.group].codes
        levels = [z * (codes == j)[:, None] for j in range(codes.max() + 1)]
        _, lengths, turn = np.linalg.svd(np.vstack([outside @ zj for zj in levels]))
        levels = [zj @ turn[::-1].T for zj in levels]
        spanned = int((lengths < 1e-7 * np.linalg.norm(z)).sum())
        for a in range(z.shape[1]):
            for b in range(a + 1):
                product = sum(np.outer(zj[:, a], zj[:, b]) for zj in levels)
                derivatives.append(sees @ (product + product.T) @ sees)
                if a < spanned:
                    of_spanned.append(derivatives[-1])
    return len(derivatives) - _rank(derivatives) + (0 if reml else _rank(of_spanned))


def _rank(matrices: list[np.ndarray]) -> int:
    """Number of matrices that are independent, whatever their lengths."""
    lengths = np.array([np.linalg.norm(m) for m in matrices])
    units = [m.ravel() / n for m, n in zip(matrices, lengths, strict=True) if n > 1e-9 * lengths.max()]
    return int(np.linalg.matrix_rank(np.array(units), tol=1e-7)) if units else 0
