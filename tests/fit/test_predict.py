"""Fitted and predicted values, and what they are made of."""

import numpy as np
import pandas as pd
import pytest
from brute import STRUCTURES, data, setup
from fitting import fit

import mlm


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_modes_coefficients_and_fitted_values_fit_together(structure, weights):
    m = fit(STRUCTURES[structure], weights=weights)
    _, dense = setup(STRUCTURES[structure], data(), True, weights)
    solved = dense.solve(m.theta)
    np.testing.assert_allclose(m.fixef, solved["beta"], rtol=1e-8, atol=1e-8)  # inverses of 96 x 96 matrices
    parts = [np.einsum("iaj,aj->i", z, b) for z, (b, _) in zip(dense.z, dense.modes(m.theta), strict=True)]
    np.testing.assert_allclose(m.fitted, dense.x @ solved["beta"] + sum(parts), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(m.fitted + m.resid, m.y, rtol=1e-13)
    root = 1.0 if weights is None else np.sqrt(data()[weights])
    np.testing.assert_allclose(m.scaled_resid, m.resid * root / m.sigma, rtol=1e-13)
    np.testing.assert_allclose(m.predict(data()), m.fitted, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(m.predict(data(), re_form="NA"), m.x @ m.fixef, rtol=1e-10, atol=1e-10)
    for none in (False, 0, np.int64(0), np.False_, "0", "~0"):
        np.testing.assert_array_equal(m.predict(re_form=none), m.predict(re_form="NA"))
    ranef, coef = m.ranef(), m.coef()
    sds = [np.sqrt(v) for _, cov in dense.modes(m.theta) for v in np.einsum("aaj->aj", cov)]
    found = ranef.groupby(["grpvar", "term"], sort=False)["condsd"]
    assert len(found) == len(sds)
    for sd in sds:
        near = [len(v) == len(sd) and np.allclose(v, m.sigma * sd, rtol=1e-7, atol=1e-8) for _, v in found]
        assert any(near)
    tables = coef if isinstance(coef, dict) else {m.ngrps.index[0]: coef}
    assert list(tables) == list(m.ngrps.index)
    for group, table in tables.items():
        assert len(table) == m.ngrps[group]
        for name in table:
            mode = ranef.query("grpvar == @group and term == @name").set_index("grp")["condval"]
            want = m.fixef.get(name, 0.0) + mode.reindex(table.index, fill_value=0.0)
            np.testing.assert_allclose(table[name], want, rtol=1e-12, atol=1e-12)


def test_new_levels():
    m = fit(STRUCTURES["crossed, slopes"])
    new = data().head(3).assign(g=[0, 99, 1])
    with pytest.raises(mlm.DataError, match=r"'g' has 1 level that the fit has not seen, such as .*99"):
        m.predict(new)
    known = m.predict(new.assign(g=0))
    modes = m.ranef().query("grpvar == 'g' and grp == 0").set_index("term")["condval"]
    found = m.predict(new, new_levels="population")
    assert found.iloc[0] == pytest.approx(known.iloc[0], rel=1e-12)
    assert found.iloc[1] == pytest.approx(
        known.iloc[1] - modes["(Intercept)"] - modes["x"] * new["x"].iloc[1], rel=1e-12
    )
    assert m.predict(new, re_form="NA").notna().all()


def test_a_missing_value_is_no_level_whatever_its_name():
    frame = data().assign(a=lambda d: np.where(d["g"] % 2 == 0, "nan", "b"), h=lambda d: np.where(d["x"] > 0, "u", "v"))
    frame["y"] += 3.0 * (frame["a"] == "nan")
    m = fit("y ~ x + (1 | a:h)", frame)
    new = pd.DataFrame({"x": 0.0, "a": [None, "nan"], "h": "u"})
    found = m.predict(new, new_levels="population")
    assert found[0] == m.fixef["(Intercept)"]
    assert found[1] == m.predict(new[1:])[1] > found[0] + 0.1
