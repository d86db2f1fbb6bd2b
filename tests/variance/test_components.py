"""The parts of the variance: their mean over the rows, by the definition."""

import numpy as np
import pytest
from rmodels import data

import mlm
from mlm.variance.components import variance_components


@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
@pytest.mark.parametrize(
    ("formula", "columns"),
    [
        ("y ~ x + (x | g)", [["(Intercept)", "x"]]),
        ("y ~ x + (x || g)", [["(Intercept)"], ["x"]]),
        ("y ~ x + (0 + z | g)", [["z"]]),
        ("y ~ x + (1 | h) + (x + z | g)", [["(Intercept)", "x", "z"], ["(Intercept)"]]),
    ],
)
def test_random_variance_is_the_mean_over_rows(formula, columns):
    m = mlm.lmer(formula, data())
    table, rows = m.varcorr, data().assign(**{"(Intercept)": 1.0})
    expected = dict.fromkeys(m.ngrps.index, 0.0)
    for name, effects in zip(dict.fromkeys(table["grp"]), columns, strict=False):
        mine = table[table["grp"] == name]
        covariance = np.diag(mine.loc[mine["var2"].isna(), "vcov"])
        for one, two, value in mine.loc[mine["var2"].notna(), ["var1", "var2", "vcov"]].itertuples(index=False):
            i, k = effects.index(one), effects.index(two)
            covariance[i, k] = covariance[k, i] = value
        z = rows[effects].to_numpy()
        expected[name.split(".")[0]] += np.einsum("ni,ij,nj->n", z, covariance, z).mean()
    found = variance_components(m)
    assert found.random.to_dict() == pytest.approx(expected, rel=1e-12)  # sums in another order
    assert found.residual == m.sigma**2
    assert found.fixed == pytest.approx((m.x @ m.fixef).var(), rel=1e-12)
    assert found.total == found.random.sum() + found.residual + found.fixed


def test_slopes_count_without_an_intercept():
    m = mlm.lmer("y ~ x + (0 + z | g)", data())
    random = m.varcorr["vcov"][0] * (data()["z"] ** 2).mean()
    assert mlm.icc(m).adjusted == pytest.approx(random / (random + m.sigma**2), rel=1e-12)


def test_no_variance_of_the_fixed_part_without_predictors():
    parts = variance_components(mlm.lmer("y ~ 1 + (1 | g)", data()))
    assert parts.fixed < 1e-24 * parts.total  # rounding of the mean of 180 equal numbers
