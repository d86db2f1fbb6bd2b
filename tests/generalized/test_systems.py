"""The random effects' system against dense matrices, as one dense matrix, by pairs and in fronts."""

import numpy as np
import pytest
from generalized.problems import draw

from mlm.generalized import systems
from mlm.generalized.pirls import Problem
from mlm.generalized.systems import Structure
from mlm.sparse import fronts


def dense(problem: Problem, matrices, weights):
    rows = problem.rows
    blocks = []
    for e, t in zip(rows.effects, matrices, strict=True):
        z = np.column_stack([np.ones(len(rows.y)) if c is None else c for c in e.columns]) @ t
        blocks += [(e.codes == j) * z[:, a] for a in range(e.size) for j in range(e.levels)]
    a = np.array(blocks).T
    return a, a.T @ (weights[:, None] * a) + np.eye(a.shape[1])


def transformed(blocks, matrices):
    return {(k, m): np.einsum("ai,abj,bl->ilj", matrices[k], b, matrices[m]) for (k, m), b in blocks.items()}


@pytest.mark.parametrize("how", ["pairs", "dense", "fronts"])
@pytest.mark.parametrize("sizes", [(1,), (3,), (1, 1), (2, 1), (1, 2, 2), (2, 1, 3)])
def test_against_dense_matrices(sizes, how, monkeypatch):
    monkeypatch.setattr(systems, "GATHERED_COST", {"pairs": 0.0, "dense": 1e9, "fronts": 0.0}[how])
    if how == "fronts":
        monkeypatch.setattr(fronts, "DENSE_COLUMNS", 0)
        monkeypatch.setattr(fronts, "DENSE_SHARE", 2.0)
        monkeypatch.setattr(fronts, "FRONTS_TIME_SHARE", np.inf)
        monkeypatch.setattr(fronts, "crowded_columns", lambda units: np.zeros(units.shape[0], dtype=bool))
    problem, _, _ = draw("poisson", "log", sizes, n=400 if how == "fronts" else 40, nested=how == "fronts")
    rng = np.random.default_rng(4)
    matrices = [np.tril(rng.normal(size=(q, q))) for q in sizes]
    weights = rng.uniform(0.2, 2.0, len(problem.rows.y))
    structure = Structure(problem.rows)
    if how == "fronts" and len(sizes) == 3:
        assert not structure.fronts.dense
    system = structure.system(problem.rows.weighted(weights), matrices)
    a, h = dense(problem, matrices, weights)
    assert system.log_det == pytest.approx(np.linalg.slogdet(h)[1], rel=1e-12)
    shapes = problem.rows.sizes
    for columns in (1, 3):
        vector = [rng.normal(size=(q, j, columns)) for q, j in shapes]
        flat = np.concatenate([v.reshape(-1, columns) for v in vector])
        found = np.concatenate([v.reshape(-1, columns) for v in system.solve([v.copy() for v in vector])])
        assert np.abs(found - np.linalg.solve(h, flat)).max() < 1e-11
    inverse = system.inverse()
    leverages = problem.rows.quadratic(inverse, matrices)
    assert np.abs(leverages - np.einsum("ij,jk,ik->i", a, np.linalg.inv(h), a)).max() < 1e-11
    whole, at = np.linalg.inv(h), 0
    for k, (q, j) in enumerate(shapes):
        mine = whole[at : at + q * j, at : at + q * j].reshape(q, j, q, j)
        assert np.abs(inverse[k, k] - np.einsum("ajbj->abj", mine)).max() < 1e-11
        at += q * j
    changes = [rng.normal(size=len(weights)) for _ in range(3)]
    halves = [np.linalg.solve(h, a.T @ (each[:, None] * a)) for each in changes]
    bent = -np.array([[np.trace(one @ other) for other in halves] for one in halves])
    blocks = [transformed(problem.rows.weighted(each), matrices) for each in changes]
    together = {key: np.stack([each[key] for each in blocks], axis=2) for key in blocks[0]}
    assert np.abs(system.log_det_curvature(together) - bent).max() < 1e-11 * np.abs(bent).max()
