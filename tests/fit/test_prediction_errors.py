"""Standard errors and intervals of predictions, against n x n matrices straight from the definitions."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy
from brute import STRUCTURES, Dense, data
from fitting import fit

import mlm
from mlm.frame.table import Table

NEW = 25
SE = 1e-8
Z95 = scipy.stats.norm.ppf(0.975)


def new_rows(seed=5):
    """Rows of other predictors, with pairs of levels that have no row in the fit, and levels that it has not seen."""
    rng = np.random.default_rng(seed)
    frame = data().sample(NEW, random_state=seed, replace=True).reset_index(drop=True)
    for name in ("x", "z"):
        frame[name] = rng.normal(size=NEW)
    for name in ("g", "h", "k", "a", "b", "c", "lonely"):
        frame[name] = frame[name].sample(frac=1.0, random_state=len(name) + seed).to_numpy()
    frame.loc[20:, "g"], frame.loc[22:, "h"], frame.loc[18:22, "lonely"] = 999, 998, 997
    frame.loc[23:, ["a", "b", "c"]] = 996
    frame.index = [f"row {k}" for k in range(NEW)]
    return frame


def dense_columns(m, new):
    """Each term's columns on new rows, (rows, q, J + 1): the last level is one that the fit has not seen."""
    out = []
    for part in m.terms:
        z = part.design.replay(Table.of(new)).matrix()
        grouping = m.frame.groupings[part.term.group]
        labels = [":".join(str(new[node.name].iloc[i]) for node in part.term.parts) for i in range(len(new))]
        known = {str(level): k for k, level in enumerate(grouping.levels)}
        codes = np.array([known.get(label, grouping.size) for label in labels])
        out.append(z[:, :, None] * np.eye(grouping.size + 1)[codes][:, None, :])
    return out


def dense_variance(m, x, z, keep=None):
    """Variance of ``x'b + z'u`` less its best linear unbiased predictor, which is linear in the response."""
    dense = Dense.of(m.frame, list(m.terms), m.reml)
    v = m.sigma**2 * dense.covariance(m.theta)
    inverse = np.linalg.inv(v)
    unscaled = np.linalg.inv(dense.x.T @ inverse @ dense.x)
    beta = unscaled @ dense.x.T @ inverse
    p = inverse - inverse @ dense.x @ beta
    across, own = np.zeros((len(x), len(v))), np.zeros(len(x))
    for k, (of_fit, of_new, sigma) in enumerate(zip(dense.z, z, dense.sigmas(m.theta), strict=True)):
        if keep is None or k in keep:
            sigma = m.sigma**2 * sigma
            across += np.einsum("iaj,ab,kbj->ik", of_new[:, :, :-1], sigma, of_fit, optimize=True)
            own += np.einsum("iaj,ab,ibj->i", of_new, sigma, of_new, optimize=True)
    weights = x @ beta + across @ p
    return np.einsum("ik,kl,il->i", weights, v, weights) - 2.0 * np.einsum("ik,ik->i", weights, across) + own


@pytest.mark.parametrize(("weights", "reml"), [(None, True), ("w", True), ("w", False)])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_fixed_and_random_effects_jointly(structure, weights, reml):
    m, new = fit(STRUCTURES[structure], weights=weights, reml=reml), new_rows()
    x = m.design(new).to_numpy()
    found = m.predict(new, new_levels="population", se=True)
    assert found.columns.tolist() == ["fit", "se", "lower", "upper"]
    assert found.index.equals(new.index)
    want = np.sqrt(dense_variance(m, x, dense_columns(m, new)))
    np.testing.assert_allclose(found["se"], want, rtol=SE)
    np.testing.assert_array_equal(found["fit"], m.predict(new, new_levels="population"))
    np.testing.assert_allclose(found["upper"] - found["fit"], Z95 * want, rtol=SE)
    np.testing.assert_allclose(found["fit"] - found["lower"], Z95 * want, rtol=SE)
    wide = m.predict(new, new_levels="population", interval="prediction", level=0.8)
    np.testing.assert_array_equal(wide["se"], found["se"])
    reach = scipy.stats.norm.ppf(0.9) * np.sqrt(want**2 + m.sigma**2 / (new["w"] if weights else 1.0))
    np.testing.assert_allclose(wide["upper"] - wide["fit"], reach, rtol=SE)
    own = dense_variance(m, m.frame.x, dense_columns(m, data()))
    np.testing.assert_allclose(m.predict(se=True)["se"], np.sqrt(own), rtol=SE)
    np.testing.assert_allclose(m.predict(data(), se=True), m.predict(se=True), rtol=SE)
    fixed = m.predict(new, re_form=False, interval="confidence")["se"]
    np.testing.assert_allclose(fixed, np.sqrt(np.einsum("ip,pq,iq->i", x, m.vcov, x)), rtol=1e-12)


@pytest.mark.parametrize(
    ("formula", "re_form", "group", "effects"),
    [
        ("y ~ x + (1 + x | g) + (1 + z | h)", "(1 + x | g)", "g", 2),
        ("y ~ x + (1 + x | g) + (1 + z | h)", "(1 + z | h)", "h", 2),
        ("y ~ x + (1 + z | g) + (0 + x | g) + (1 | h)", "(0 + x | g)", "g", 1),
        ("y ~ x + (1 | a/b)", "(1 | a)", "a", 1),
    ],
)
def test_some_of_the_random_effects(formula, re_form, group, effects):
    m, new = fit(formula), new_rows()
    (k,) = [k for k, p in enumerate(m.terms) if p.term.group == group and len(p.columns.names) == effects]
    want = dense_variance(m, m.design(new).to_numpy(), dense_columns(m, new), [k])
    found = m.predict(new, re_form=re_form, new_levels="population", se=True)
    np.testing.assert_allclose(found["se"], np.sqrt(want), rtol=SE)


def test_a_part_of_one_term():
    m, new = fit("y ~ x + (1 + x | g)"), new_rows()
    z = dense_columns(m, new)
    z[0][:, 1] = 0.0
    want = dense_variance(m, m.design(new).to_numpy(), z)
    found = m.predict(new, re_form="(1 | g)", new_levels="population", se=True)
    np.testing.assert_allclose(found["se"], np.sqrt(want), rtol=SE)


def test_a_variance_of_zero():
    frame = data().assign(y=lambda d: d["x"] + np.random.default_rng(2).normal(size=len(d)))
    frame["y"] -= frame.groupby("h")["y"].transform("mean")
    for formula in ("y ~ x + (1 | h)", "y ~ x + (1 | h) + (1 | g)", "y ~ x + (1 + x | h)"):
        m = fit(formula, frame)
        assert m.is_singular
        want = dense_variance(m, m.frame.x, dense_columns(m, frame))
        np.testing.assert_allclose(m.predict(se=True)["se"], np.sqrt(want), rtol=SE)


def test_far_columns_and_large_effects():
    """A predictor far from 0, in other units, and groups that differ by 1,000 residual deviations."""
    frame = data()
    effects = 1e3 * np.random.default_rng(3).normal(size=40)
    far = frame.assign(x=1e4 + 50.0 * frame["x"], y=frame["y"] + effects[frame["g"]])
    near = far.assign(x=(far["x"] - 1e4) / 50.0)
    one, other = (fit("y ~ x + (1 | g) + (1 | h)", rows) for rows in (far, near))
    np.testing.assert_allclose(one.predict(se=True)["se"], other.predict(se=True)["se"], rtol=1e-6)
    want = dense_variance(other, other.frame.x, dense_columns(other, near))
    np.testing.assert_allclose(other.predict(se=True)["se"], np.sqrt(want), rtol=1e-6)  # of 1e6 - (1e6 - 1), dense


def test_offsets_and_weights_of_new_rows():
    frame = data().assign(off=lambda d: d["x"] / 3.0)
    m = fit("y ~ x + (1 | g)", frame, offset="off", weights="w")
    plain = m.predict(frame, se=True)
    np.testing.assert_allclose(plain["fit"], m.fitted, rtol=1e-10)
    with pytest.warns(mlm.ExtrapolationWarning, match="has weights, .* with the weight 1") as said:
        by_one = m.predict(frame.drop(columns="w"), interval="prediction")
    assert [w.filename for w in said] == [__file__]
    assert m.predict(frame.drop(columns="w"), interval="confidence").equals(m.predict(frame, se=True))
    as_fitted = m.predict(frame, interval="prediction")
    by_column, by_values = (m.predict(frame, interval="prediction", weights=w) for w in ("w", frame["w"].tolist()))
    own = m.predict(interval="prediction")
    half = lambda found: (found["upper"] - found["lower"]).to_numpy() / (2.0 * Z95)  # noqa: E731
    np.testing.assert_allclose(half(by_one), np.sqrt(plain["se"] ** 2 + m.sigma**2), rtol=1e-12)
    np.testing.assert_allclose(half(own), np.sqrt(plain["se"] ** 2 + m.sigma**2 / frame["w"]), rtol=1e-7)
    for found in (as_fitted, by_column, by_values):
        np.testing.assert_allclose(half(found), half(own), rtol=1e-7)
    with pytest.raises(mlm.ArgumentError, match="`weights` are those of new rows"):
        m.predict(interval="prediction", weights="w")
    with pytest.raises(mlm.DataError, match="have no column 'v', which `weights` uses"):
        m.predict(frame, interval="prediction", weights="v")
    with pytest.raises(mlm.DataError, match="1 of 96 weights are zero or negative"):
        m.predict(frame, interval="prediction", weights=np.arange(96))


def test_weights_are_what_a_fit_accepts():
    frame = data().assign(half=lambda d: d["w"] / 2.0)
    m = mlm.lmer("y ~ x + (1 | g)", frame, weights="2 * twice(half)", functions={"twice": lambda x: x})
    want = m.predict(frame, interval="prediction", weights="w")
    for weights in ("half + half", "2 * twice(half)", "I(half * 2)", "`w`"):
        pd.testing.assert_frame_equal(m.predict(frame, interval="prediction", weights=weights), want)
    pd.testing.assert_frame_equal(m.predict(frame, interval="prediction"), want)
    one = m.predict(frame, interval="prediction", weights="1")
    with pytest.warns(mlm.ExtrapolationWarning, match="with the weight 1"):
        by_one = m.predict(frame.drop(columns="half"), interval="prediction")
    pd.testing.assert_frame_equal(one, by_one)
    for values in (frame["w"], frame["w"].to_numpy()):  # a name says little: that of 1 / w is w
        other = mlm.lmer("y ~ x + (1 | g)", frame, weights=values)
        with pytest.warns(mlm.ExtrapolationWarning, match="with the weight 1"):
            pd.testing.assert_frame_equal(other.predict(frame, interval="prediction"), one)
    unknown = frame.assign(w=frame["w"].mask(frame.index < 7))
    for weights in ("w", "w * 2", unknown["w"]):
        with pytest.raises(mlm.DataError, match="weights are missing in 7 of 96 rows of the new data"):
            m.predict(unknown, interval="prediction", weights=weights)
    with pytest.raises(mlm.FormulaError, match="nofunction"):
        m.predict(frame, interval="prediction", weights="nofunction(w)")


@pytest.mark.parametrize("options", [{}, {"se": True}, {"interval": "confidence"}])
def test_wrong_weights_are_refused_where_nothing_uses_them(options):
    m = fit("y ~ x + (1 | g)")
    with pytest.raises(mlm.DataError, match="have no column 'nosuch', which `weights` uses"):
        m.predict(data(), weights="nosuch", **options)
    with pytest.raises(mlm.ArgumentError, match="`weights` are those of new rows"):
        m.predict(weights="w", **options)
    pd.testing.assert_series_equal(m.predict(data(), weights="w"), m.predict(data()))


def test_wrong_levels_are_refused_where_nothing_uses_them():
    frame = data().assign(b=lambda d: (d["y"] > d["y"].mean()).astype(int))
    models = [
        mlm.lm("y ~ x", frame),
        mlm.glm("b ~ x", frame),
        fit("y ~ x + (1 | g)"),
        mlm.glmer("b ~ x + (1 | g)", frame),
    ]
    for m in models:
        for level in (95, 0, "high", None):
            with pytest.raises(mlm.ArgumentError, match="level must lie between 0 and 1"):
                m.predict(level=level)


def test_levels_that_are_missing_or_left_out():
    m = fit("y ~ x + (1 | g)")
    new = data().head(3).assign(g=[0, 99, None], x=[1.0, np.nan, 1.0])
    found = m.predict(new, new_levels="missing", se=True)
    assert found.notna().all(axis=1).tolist() == [True, False, False]
    assert m.predict(new, new_levels="missing").notna().tolist() == [True, False, False]
    everything = m.predict(new, new_levels="population", se=True)
    assert everything.notna().all(axis=1).tolist() == [True, False, True]
    assert everything["se"].iloc[2] > everything["se"].iloc[0]
    for options, says in (
        ({"new_levels": "skip"}, "'error', 'population' or 'missing'"),
        ({"interval": "credible"}, "`interval` is None, 'confidence' or 'prediction'"),
        ({"se": 1.5}, "`se` is True or False"),
        ({"se": True, "level": 95}, "between 0 and 1"),
    ):
        with pytest.raises(mlm.ArgumentError, match=says):
            m.predict(data(), **options)


@pytest.mark.parametrize("verb", [mlm.lm, mlm.lmer, mlm.glm, mlm.glmer])
def test_rows_that_cannot_be_estimated_are_said(verb):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"x": rng.normal(size=60), "g": np.repeat(np.arange(12), 5)})
    eta = frame["x"] + 2.0 * rng.normal(size=12)[frame["g"]]
    frame["twice"], frame["y"] = 2.0 * frame["x"], eta + rng.normal(size=60)
    if verb in (mlm.glm, mlm.glmer):
        frame["y"] = frame["y"] > 0
    mixed = verb in (mlm.lmer, mlm.glmer)
    with pytest.warns(mlm.RankWarning, match="twice"):
        m = verb("y ~ x + twice" + (" + (1 | g)" if mixed else ""), frame)
    assert m.predict(frame, se=True).notna().all(axis=None)
    with pytest.warns(mlm.RankWarning, match="1 row of 60 cannot be estimated: twice was dropped from the fit"):
        found = m.predict(frame.assign(twice=np.where(frame.index == 3, 0.0, frame["twice"])), se=True)
    assert np.isnan(found["se"]).tolist() == (frame.index == 3).tolist()
    assert found["fit"].notna().all()


GENERALIZED = {
    "binomial": ("yes ~ x + (1 + x | g)", {}),
    "probit": ("yes ~ x + (1 | g) + (1 | h)", {"link": "probit"}),
    "poisson": ("count ~ x + (1 | g) + (0 + x | h)", {"family": "poisson", "weights": "w"}),
    "Gamma": ("size ~ x + (1 | g)", {"family": "Gamma", "link": "log"}),
    "nodes": ("yes ~ x + (1 | g)", {"n_agq": 5}),
    "at the modes": ("yes ~ x + (1 | a/b)", {"n_agq": 0}),
}


@pytest.mark.parametrize("kind", GENERALIZED)
@pytest.mark.filterwarnings("ignore::mlm.SingularFitWarning")
def test_generalized_models_by_their_penalised_system(kind):
    rng, frame = np.random.default_rng(8), data(n=300).assign(w=1)
    eta = 0.2 + 0.5 * frame["x"] + 0.8 * rng.normal(size=40)[frame["g"]] + 0.5 * rng.normal(size=40)[frame["b"]]
    frame["yes"], frame["count"] = (rng.random(300) < 1 / (1 + np.exp(-eta))).astype(int), rng.poisson(np.exp(eta))
    frame["size"], frame["w"] = 400.0 * rng.gamma(3.0, np.exp(eta) / 3.0), rng.integers(1, 4, 300)
    formula, options = GENERALIZED[kind]
    m, new = mlm.glmer(formula, frame, **options), new_rows()
    dense = Dense.of(m.frame, list(m.terms), False)
    mean, slope = m.fitted.to_numpy(), m.family.link.derivative(m.linear_predictors.to_numpy())
    weights = m.frame.weights * slope**2 / m.family.variance(mean)
    roots, columns = [t for t, *_ in dense.factors(m.theta)], dense_columns(m, new)
    turned = [np.einsum("iaj,ab->ijb", z, t).reshape(300, -1) for z, t in zip(dense.z, roots, strict=True)]
    every = np.hstack([*turned, dense.x])
    precision = every.T * weights @ every
    precision[np.arange(len(precision) - dense.x.shape[1]), np.arange(len(precision) - dense.x.shape[1])] += 1.0
    inverse = m.sigma**2 * np.linalg.inv(precision)
    known = [np.einsum("iaj,ab->ijb", z[:, :, :-1], t).reshape(NEW, -1) for z, t in zip(columns, roots, strict=True)]
    row = np.hstack([*known, m.design(new).to_numpy()])
    want = np.einsum("ik,kl,il->i", row, inverse, row)
    for z, t in zip(columns, roots, strict=True):
        want += m.sigma**2 * np.square(z[:, :, -1] @ t).sum(axis=1)
    found = m.predict(new, new_levels="population", se=True)
    np.testing.assert_allclose(found["se"], np.sqrt(want), rtol=SE)
    fixed = m.predict(new, re_form=False, se=True)["se"]
    np.testing.assert_allclose(fixed, np.sqrt(np.einsum("ip,pq,iq->i", row[:, -2:], m.vcov, row[:, -2:])), rtol=1e-10)
    shown = m.predict(new, new_levels="population", type="response", interval="confidence", level=0.9)
    np.testing.assert_allclose(shown["fit"], m.predict(new, new_levels="population", type="response"), rtol=1e-12)
    by_delta = found["se"] * m.family.link.derivative(found["fit"].to_numpy())
    np.testing.assert_allclose(shown["se"], by_delta, rtol=1e-10)
    end = found["fit"] + scipy.stats.norm.ppf(0.95) * found["se"]
    np.testing.assert_allclose(shown["upper"], m.family.link.inverse(end.to_numpy()), rtol=1e-10)
    with pytest.raises(mlm.FitError, match="no interval lies around the mean"):
        m.predict(interval="prediction")


def test_a_link_that_falls_keeps_its_limits_in_order():
    rng, frame = np.random.default_rng(8), data(n=200)
    frame["size"] = rng.gamma(5.0, 1.0 / (5.0 * (1.0 + 0.1 * frame["x"].clip(-2, 2) + 0.1 * (frame["h"] % 2))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.SingularFitWarning)
        mixed = mlm.glmer("size ~ x + (1 | h)", frame, "Gamma", "inverse")
    for m in (mlm.glm("size ~ x", frame, "Gamma"), mixed):
        found = m.predict(type="response", se=True)
        assert ((found["lower"] < found["fit"]) & (found["fit"] < found["upper"])).all()


def test_linear_models_by_hand():
    frame = data()
    m, new = mlm.lm("y ~ x + z", frame), new_rows()
    x = m.design(new).to_numpy()
    se = m.sigma * np.sqrt(np.einsum("ip,pq,iq->i", x, np.linalg.inv(m.x.T @ m.x), x))
    found = m.predict(new, interval="prediction", level=0.9)
    np.testing.assert_allclose(found["se"], se, rtol=1e-10)
    quantile = scipy.stats.t.ppf(0.95, m.df_resid)
    np.testing.assert_allclose(found["upper"] - found["fit"], quantile * np.sqrt(se**2 + m.sigma**2), rtol=1e-10)
    np.testing.assert_allclose(m.predict(frame, se=True), m.predict(se=True), rtol=1e-10)
