"""Every public function with objects of the wrong kind: an answer or one error of mlm's, never one of Python's."""

import atexit
import inspect
import tempfile
import warnings
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

import mlm
import mlm.plot

FUNCTIONS = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (mlm, mlm.plot)
    for name in module.__all__
    if inspect.isfunction(getattr(module, name)) and inspect.signature(getattr(module, name)).parameters
}
# what a parameter of this name takes; all others are left at their defaults
MODELS = ("m", "models", "found")
DATA = ("data", "df", "source")
MIXED_ONLY = (
    "VarCorr",
    "ranef",
    "icc",
    "r2",
    "shrinkage",
    "plausible_range",
    "caterpillar",
    "ranef_histogram",
    "likelihood_curve",
    "ranova",
    "step",
    "profile",
    "re_pca",
    "all_fit",
)


@cache
def made():
    """Rows, a mixed model, a linear model and an effect."""
    rng = np.random.default_rng(1)
    d = pd.DataFrame({"y": rng.normal(size=60), "x": rng.normal(size=60), "g": np.repeat(np.arange(12), 5)})
    mixed = mlm.lmer("y ~ x + (1 | g)", d.assign(y=d.y + np.repeat(rng.normal(size=12), 5)))
    return d, mixed, mlm.lm("y ~ x", d), mlm.effect(mixed, "x")


@cache
def null():
    """A mixed model without predictors."""
    d, mixed, _, _ = made()
    return mlm.lmer("y ~ 1 + (1 | g)", d.assign(y=mixed.y))


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Whatever is taken for the name of a file is written where it does no harm."""
    monkeypatch.chdir(tmp_path)


@cache
def file():
    """A data file, which goes when the tests end."""
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "d.csv"
    made()[0].to_csv(path, index=False)
    atexit.register(folder.cleanup)
    return path


def wrong():
    """Objects of many kinds, by name."""
    d, mixed, linear, found = made()
    return {
        "text": "a",
        "None": None,
        "frame": d,
        "number": 3.5,
        "list": [1, 2],
        "array": np.eye(3),
        "series": d.y,
        "mapping": {},
        "object": object(),
        "class": mlm.MixedModel,
        "module": np,
        "linear model": linear,
        "mixed model": mixed,
        "effect": found,
        "summary": mixed.summary(),
    }


# values that conversions and comparisons trip over
ODD = {
    "number beyond floats": 10**400,
    "array without dimensions": np.array(5),
    "rows of several lengths": [[1, 2], [3]],
    "missing time": pd.NaT,
    "missing value": pd.NA,
    "list of missing times": [pd.NaT],
    "mapping of missing times": {"x": [pd.NaT]},
    "bytes": b"x",
    "complex": 1j,
}


FORMULAS = {"mlm.lm": "y ~ x", "mlm.glm": "y > 0 ~ x", "mlm.glmer": "y > 0 ~ x + (1 | g)"}


@cache
def saved():
    path = file().with_suffix(".mlm")
    made()[1].save(path)
    return path


def right(function, parameter):
    """What a required parameter takes."""
    d, mixed, _, found = made()
    if parameter == "clustering":
        return null()
    if (function, parameter) == ("mlm.overdispersion", "m"):
        return mlm.glm("k ~ x", d.assign(k=np.arange(60) % 7), "poisson")
    if parameter == "path":
        return file() if function == "mlm.read_data" else saved()
    if (function, parameter) == ("mlm.plot.mean_intervals", "found"):
        return mlm.emmeans(mixed, "x")
    known = {
        "formula": FORMULAS.get(function, "y ~ x + (1 | g)"), "data": d, "df": d, "source": mixed,
        "m": mixed, "models": [mixed], "found": found, "y": "y", "by": "g", "cols": "x",
        "x": d.x if function == "mlm.rescale" else "x", "focal": "x", "L": "x", "specs": "x",
    }  # fmt: skip
    return known[parameter] if parameter in known else made_of_them()[parameter]


@cache
def made_of_them():
    """What takes time to make."""
    d, mixed, _, _ = made()
    return {"p": mlm.profile(mixed, "sigma"), "parts": [mlm.sums("y ~ x + (1 | g)", d)]}


def called(function, parameter, value):
    """Call with one argument given and the required ones right; the error of mlm's, or None."""
    run = FUNCTIONS[function]
    given, before = {}, []
    for name, known in inspect.signature(run).parameters.items():
        if known.kind is known.VAR_POSITIONAL:
            if name == "models":
                before = [right(function, "m"), value if name == parameter else right(function, "m")]
        elif name == parameter:
            given[name] = value
        elif known.default is known.empty and known.kind is not known.VAR_KEYWORD:
            given[name] = right(function, name)
    if function == "mlm.lmer":  # sums are fitted without data
        given = {"data": right(function, "data")} | given
    if function.endswith("group_lines"):  # whose source has two names, so that neither it nor x is required
        given = {"y": "y", "by": "g", "x": "x"} | given
        given |= {} if parameter in ("source", "data") else {"source": right(function, "source")}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run(*before, **given)
    except mlm.MlmError as error:
        return error
    finally:
        plt.close("all")
    return None


PARAMETERS = [
    (function, name)
    for function, run in FUNCTIONS.items()
    for name, known in inspect.signature(run).parameters.items()
    if known.kind is not known.VAR_KEYWORD and not (known.kind is known.VAR_POSITIONAL and name != "models")
]


def test_the_right_objects_are_taken():
    """Otherwise the test below would see errors of another argument."""
    assert len(FUNCTIONS) >= 30
    for function, run in FUNCTIONS.items():
        if function == "mlm.read_sums":  # needs pyarrow: tests/model/test_sums.py
            continue
        first = next(iter(inspect.signature(run).parameters))
        assert (
            called(function, first, right(function, first if first != "models" or "anova" not in function else "m"))
            is None
        )


@pytest.mark.parametrize(("function", "parameter"), PARAMETERS)
def test_any_object_in_any_argument(function, parameter):
    kinds = ("text", "None", "frame", "number", "list", "array", "mapping", "object", "linear model")
    for kind, value in {**{kind: wrong()[kind] for kind in kinds}, **ODD}.items():
        error = called(function, parameter, value)
        assert error is None or len(str(error)) > 20, kind


# degrees of freedom; None means those of the fit
OTHERWISE = [("mlm.effect", "df"), ("mlm.update", "data"), ("mlm.standardize", "data")]
MODEL_OR_DATA = [each for each in PARAMETERS if each[1] in (*MODELS, *DATA) and each not in OTHERWISE]


def taken(function, parameter):
    """Which kinds of objects an argument takes."""
    models = {"mixed model"} if function.rpartition(".")[2] in MIXED_ONLY else {"linear model", "mixed model"}
    kinds = {"m": models, "models": models, "found": {"effect"}, "source": {*models, "frame", "mapping"}}
    return kinds.get(parameter, {"frame", "mapping"})


@pytest.mark.parametrize(("function", "parameter"), MODEL_OR_DATA)
def test_what_is_no_model_and_no_data_is_refused(function, parameter):
    """By one error that says what came instead."""
    for kind, value in wrong().items():
        if kind not in taken(function, parameter):
            error = called(function, parameter, value)
            assert isinstance(error, mlm.ArgumentError | mlm.DataError | mlm.FitError), kind
            came = {"list": "int", "array": "array", "linear model": "inear", "class": "MixedModel"}
            came = came.get(kind, type(value).__name__)
            assert came in str(error) or type(value).__name__ in str(error), f"{kind}: {error}"


@pytest.mark.parametrize("clustering", ["a", "0.2", None, [0.2], np.array([0.2, 0.3]), {}, object()])
def test_a_design_effect_is_of_a_model_or_a_number(clustering):
    kind = type(clustering).__name__
    for run in (mlm.design_effect, lambda c: mlm.effective_sample_size(c, 5, 100)):
        with pytest.raises(mlm.ArgumentError, match=f"or a number; got {kind}"):
            run(clustering)
    with pytest.raises(mlm.ArgumentError, match=f"at least 1; got {kind.removesuffix('Type')}"):
        mlm.design_effect(0.1, clustering)


@cache
def of_counts():
    """A generalized mixed model and one without groups."""
    d = made()[0].assign(k=np.random.default_rng(3).poisson(np.repeat(np.arange(1, 13), 5) / 3))
    return mlm.glmer("k ~ x + (1 | g)", d, "poisson"), mlm.glm("k ~ x", d, "poisson")


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_what_is_said_of_generalized_models(function, tmp_path):
    """An answer, or one error that names what fits these models where it names what fits any."""
    parameters = [*inspect.signature(FUNCTIONS[function]).parameters.values()]
    if parameters[0].name not in (*MODELS, "clustering", "fit"):
        return
    rest = [p for p in parameters[1:] if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    for m in of_counts():
        said = ""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                FUNCTIONS[function](m, *("x" for _ in rest))
            except mlm.MlmError as error:
                said = str(error)
        plt.close("all")
        assert "mlm.lmer" not in said or "glmer" in said or "linear mixed model" in said


def test_tests_of_linear_mixed_models():
    with pytest.raises(mlm.FitError, match=r"is there for linear mixed models; this one is of the poisson family"):
        mlm.step(of_counts()[0])


def test_one_level_of_a_generalized_model():
    d = made()[0].assign(k=np.arange(60) % 7, one="a")
    with pytest.raises(mlm.DataError, match=r"out of the formula, or use mlm\.glm\."):
        mlm.glmer("k ~ x + (1 | one)", d, "poisson")
