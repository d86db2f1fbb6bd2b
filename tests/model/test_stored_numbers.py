"""Files of models without random effects have the numbers of their rows; levels are what levels can be."""

import io
import json
import re
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest

import mlm

N = 60


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        yield


def rows():
    rng = np.random.default_rng(12)
    d = pd.DataFrame({"x": rng.normal(size=N), "f": rng.choice(list("pqr"), N), "g": np.repeat(np.arange(12), 5)})
    d["h"], d["n"], d["year"] = rng.choice(list("uv"), N), rng.integers(2, 9, N), 2000.0 + np.arange(N) / 4.0
    d["y"] = 3.0 * d.x + rng.normal(size=12)[d.g] + rng.normal(size=N)
    d["exact"], d["small"], d["zero"] = 1.0 + 2.0 * d.x, 1e-9 * d.y, 0.0
    d["won"] = rng.binomial(d.n, 1.0 / (1.0 + np.exp(-d.x)))
    d["apart"], d["count"] = d.x > 0.1, rng.poisson(np.exp(0.5 + 0.3 * d.x))
    d["size"] = rng.gamma(3.0, np.exp(0.2 * d.x))
    return d


LINEAR = {
    "plain": "y ~ x * f",
    "exact": "exact ~ x",
    "nothing varies": "zero ~ x",
    "small": "small ~ x + f",
    "far from zero": "y ~ year + I(year^2) + I(year^3)",
    "dependent": "y ~ x + I(2 * x) + f",
    "offset": "y ~ x + offset(3 * n)",
}
GENERALIZED = {
    "shares": ("won / n ~ x + f", {"weights": "n"}),
    "pairs": ("cbind(won, n - won) ~ x", {"link": "cloglog"}),
    "separated": ("apart ~ x", {}),
    "counts": ("count ~ x + f", {"family": "poisson", "offset": "x"}),
    "negative binomial": ("count ~ x", {"family": "negative.binomial"}),
    "Gamma": ("size ~ x + f", {"family": "Gamma"}),
    "Gamma, far from zero": ("size ~ year", {"family": "Gamma", "link": "log"}),
    "gaussian": ("y ~ x", {"family": "gaussian"}),
    "gaussian, exact": ("exact ~ x", {"family": "gaussian"}),
    "identity": ("count ~ 1", {"family": "poisson", "link": "identity"}),
    "one row a coefficient": ("count ~ x", {"family": "poisson"}),
}


def models():
    for name, formula in LINEAR.items():
        yield name, lambda formula=formula: mlm.lm(formula, rows())
    yield "no residuals", lambda: mlm.lm("y ~ x + n", rows()[:3])
    for name, (formula, options) in GENERALIZED.items():
        data = rows()[:2] if name.startswith("one row") else rows()
        yield name, lambda formula=formula, options=options, data=data: mlm.glm(formula, data, **options)


@pytest.mark.parametrize(("name", "make"), list(models()))
def test_what_was_fitted_is_read(name, make, tmp_path):
    m, path = make(), tmp_path / "one.mlm"
    m.save(path)
    found = mlm.load(path)
    assert found.fixef.equals(m.fixef), name
    assert found.vcov.equals(m.vcov)
    assert str(found.summary()) == str(m.summary())


def changed(whole, path, change):
    """A file with another text and other arrays."""
    with zipfile.ZipFile(whole) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    head = json.loads(parts["model.json"])
    arrays = {name: np.load(io.BytesIO(part)) for name, part in parts.items() if name.startswith("arrays/")}
    change(head, arrays)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("model.json", json.dumps(head))
        for name, array in arrays.items():
            out = io.BytesIO()
            np.save(out, array)
            file.writestr(name, out.getvalue())


def of_field(head, name):
    """The arrays that a field of a model, or of its frame, refers to."""
    fields = dict(map(tuple, head["model"]["mapping"]))
    fields |= fields["frame"]["ModelFrame"]
    return [f"arrays/{k}.npy" for k in re.findall(r'"array": (\d+)', json.dumps(fields[name]))]


def shifted(name, by):
    def change(head, arrays):
        for one in of_field(head, name):
            arrays[one] = arrays[one] + by

    return change


def number(name, value):
    def change(head, _):
        for pair in head["model"]["mapping"]:
            if pair[0] == name:
                pair[1] = value

    return change


WRONG = {
    "coefficients": shifted("beta", 0.05),
    "covariance": shifted("covariance", 0.05),
    "columns": shifted("x_columns", 0.5),
}


@pytest.mark.parametrize("formula", ["y ~ x + f", "y ~ year + I(year^2)", "small ~ x"])
@pytest.mark.parametrize("what", [*WRONG, "sigma"])
def test_numbers_of_least_squares_that_are_not_of_the_rows(formula, what, tmp_path):
    whole, path = tmp_path / "one.mlm", tmp_path / "two.mlm"
    m = mlm.lm(formula, rows())
    m.save(whole)
    changed(whole, path, number("sigma", 1.01 * m.sigma) if what == "sigma" else WRONG[what])
    with pytest.raises(mlm.DataError, match=r"is damaged: ValueError: its .* of its rows"):
        mlm.load(path)
    changed(whole, path, lambda head, arrays: None)
    assert mlm.load(path).fixef.equals(m.fixef)


@pytest.mark.parametrize("verb", [mlm.lm, mlm.glm])
def test_a_column_in_the_place_of_another(verb, tmp_path):
    whole, path, d = tmp_path / "one.mlm", tmp_path / "two.mlm", rows()
    verb("apart ~ n + size", d).save(whole)

    def change(_, arrays):
        (mine,) = (name for name, array in arrays.items() if np.array_equal(array, d["n"]))
        arrays[mine] = d["size"].to_numpy()

    changed(whole, path, change)
    with pytest.raises(mlm.DataError, match="is damaged"):
        mlm.load(path)


@pytest.mark.parametrize("name", ["shares", "counts", "Gamma", "gaussian"])
@pytest.mark.parametrize("what", [*WRONG, "eta and coefficients", "dispersion", "deviance", "response"])
def test_numbers_of_likelihoods_that_are_not_of_the_rows(name, what, tmp_path):
    formula, options = GENERALIZED[name]
    m, whole, path = mlm.glm(formula, rows(), **options), tmp_path / "one.mlm", tmp_path / "two.mlm"
    m.save(whole)

    def change(head, arrays):
        ended = next(value for key, value in head["model"]["mapping"] if key == "ended")["Estimate"]
        if what == "eta and coefficients":
            beta = of_field(head, "beta")[0]
            arrays[beta] = arrays[beta] + 0.05 * (np.arange(len(m.fixef)) == 0)
            eta = arrays[f"arrays/{ended['eta']['array']}.npy"]
            arrays[f"arrays/{ended['eta']['array']}.npy"] = eta + 0.05
        elif what == "deviance":
            ended["deviance"] = m.deviance + 0.1
        elif what == "dispersion":
            number("dispersion", 1.01 * m.dispersion)(head, arrays)
        elif what == "response":
            for one in of_field(head, "y"):
                arrays[one] = arrays[one][::-1]
        else:
            WRONG[what](head, arrays)

    changed(whole, path, change)
    with pytest.raises(mlm.DataError, match="is damaged"):
        mlm.load(path)


def everywhere(head, kind):
    """All values of one kind in a file."""
    waiting, found = [head], []
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found += [one] if kind in one else []
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else []
    return found


def arrays_of(change, which):
    def changes(head, arrays):
        for name, array in arrays.items():
            if which(array):
                arrays[name] = change(array)

    return changes


DAMAGES = {
    "a level that is an index": lambda head, _: everywhere(head, "objects")[0]["objects"].__setitem__(
        0, {"range": [0, 5, 1], "name": None}
    ),
    "a level that is a list": lambda head, _: everywhere(head, "objects")[0]["objects"].__setitem__(0, {"list": [1]}),
    "a level that is an array": lambda head, _: everywhere(head, "objects")[0]["objects"].__setitem__(0, {"array": 0}),
    "no parts": lambda head, _: [one["Grouping"].update(parts={"tuple": []}) for one in everywhere(head, "Grouping")],
    "no pairs": lambda head, _: [one["Grouping"].update(pairs={"tuple": []}) for one in everywhere(head, "Grouping")],
    "more levels": lambda head, _: [one["Grouping"].update(size=99) for one in everywhere(head, "Grouping")],
    "no predictors": lambda head, _: everywhere(head, "ModelFrame")[0]["ModelFrame"].update(predictors={"mapping": []}),
    "a number for an outcome": lambda head, _: everywhere(head, "ModelFrame")[0]["ModelFrame"].update(outcome=0),
    "levels in two columns": arrays_of(lambda a: a[:, None], lambda a: a.shape == (12,)),
    "levels that do not meet": arrays_of(lambda a: a + 7, lambda a: a.dtype.kind == "i" and a.ndim and len(a) < N),
    "complex columns": arrays_of(lambda a: a + 0j, lambda a: a.dtype.kind == "f" and a.ndim == 1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_levels_and_columns_that_are_none(damage, tmp_path):
    whole, path = tmp_path / "one.mlm", tmp_path / "two.mlm"
    mlm.lmer("y ~ x + f + (1 | g / h)", rows()).save(whole)
    try:
        changed(whole, path, DAMAGES[damage])
    except IndexError:
        pytest.skip("levels are stored otherwise with this version of pandas")
    with pytest.raises(mlm.DataError, match="is damaged"):
        mlm.load(path)
