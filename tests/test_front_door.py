"""The front door: what ``import mlm`` loads, that its names stay what they are, and the functions R users type."""

import ast
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rmodels import data

import mlm

FIT = """
import mlm
data = {"y": [3.1, 4.0, 5.2, 7.9, 9.1, 9.8, 5.0, 6.2, 7.1], "x": [1, 2, 3] * 3, "g": list("aaabbbccc")}
m = mlm.lmer("y ~ x + (1 | g)", data)
"""


# of pandas 2.2.0 about itself; the option -W cannot say it, for the message begins with a blank line
QUIET = r"""
import warnings
warnings.filterwarnings("ignore", r"\s*Pyarrow will become a required dependency of pandas", DeprecationWarning)
"""


def fresh(code):
    """Run code in an interpreter of its own; returns what it prints."""
    command = [sys.executable, "-W", "error", "-c", QUIET + code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def loaded_by(code):
    return set(fresh(f"{code}\nimport sys; print(*sys.modules)").split())


def test_importing_loads_nothing_that_a_fit_does_not_need():
    loaded = loaded_by("import mlm")
    assert not loaded & {"numpy", "pandas", "scipy", "matplotlib", "formulaic", "narwhals", "mlm.lmer"}


def test_a_fit_loads_neither_figures_nor_distributions():
    loaded = loaded_by(FIT)
    assert not {name for name in loaded if name.split(".")[0] == "matplotlib"}
    assert not loaded & {"scipy.stats", "scipy.optimize", "mlm.plot", "mlm.effects", "mlm.verbs"}


def test_all_modules_together_load_neither_figures_nor_distributions():
    """matplotlib and the slow parts of SciPy are loaded where they are used, not before."""
    everything = """
import importlib, pkgutil, mlm
for module in pkgutil.walk_packages(mlm.__path__, "mlm."):
    importlib.import_module(module.name)
"""
    assert not loaded_by(everything) & {"matplotlib", "scipy.stats", "scipy.optimize", "nlopt"}


def test_dir_lists_the_public_names_only():
    assert fresh("import mlm; print(dir(mlm) == sorted(mlm.__all__))") == "True"
    assert fresh(FIT + "import mlm.plot; print(dir(mlm) == sorted(mlm.__all__))") == "True"


def test_editors_see_the_names_that_are_there():
    stub = ast.parse(Path(mlm.__file__).with_suffix(".pyi").read_text("utf-8"))
    (listed,) = (ast.literal_eval(n.value) for n in stub.body if isinstance(n, ast.Assign))
    assert sorted(listed) == sorted(mlm.__all__)


def test_every_public_name_can_be_had():
    assert fresh("from mlm import *\nimport mlm\nprint(set(mlm.__all__) <= set(globals()))") == "True"


@pytest.mark.parametrize("name", ["lmer", "lm", "glm"])
@pytest.mark.parametrize(
    "code",
    [
        "import mlm",
        "import mlm; mlm.{name}",
        "import mlm.{name}",
        "import mlm.{name}; import mlm.{name}",
        "from mlm.{name} import {name}",
        "from mlm import {name}",
        "import mlm.{name} as other",
        "from mlm.{name} import {name}; import mlm.{name}",
        "import mlm; mlm.{name}; import mlm.{name}",
        "import importlib; importlib.import_module('mlm.{name}')",
        "import mlm.model.mixed_model, mlm.lmer, mlm.lm",
        "import mlm.effects.effect, mlm.plot.models; from mlm.lm import lm",
        "import importlib, mlm; importlib.import_module('mlm.{name}'); mlm.{name}; importlib.reload(mlm)",
    ],
)
def test_doors_stay_functions_whatever_is_imported(code, name):
    """Importing the module `mlm.lm` must not put it in the place of the function."""
    after = f"import mlm, inspect; print(inspect.isfunction(mlm.{name}), inspect.isfunction(mlm.{name}))"
    assert fresh(f"{code.format(name=name)}\n{after}") == "True True"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="lmerr"):
        mlm.lmerr  # noqa: B018


def test_the_version_is_that_of_the_installed_package():
    from importlib.metadata import version

    assert mlm.__version__ == version("multilevel-replications")


@pytest.fixture(scope="module")
def m():
    return mlm.lmer("y ~ x + (1 | g)", data())


@pytest.fixture(scope="module")
def ols():
    return mlm.lm("y ~ x", data())


def same(one, other):
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    elif isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, other)
    else:
        assert str(one) == str(other)


@pytest.mark.parametrize(
    ("verb", "method"),
    [
        (lambda m: mlm.fixef(m), lambda m: m.fixef),
        (lambda m: mlm.vcov(m), lambda m: m.vcov),
        (lambda m: mlm.fitted(m), lambda m: m.fitted),
        (lambda m: mlm.resid(m), lambda m: m.resid),
        (lambda m: mlm.summary(m, digits=4), lambda m: m.summary(digits=4)),
        (lambda m: mlm.confint(m, 0.9), lambda m: m.confint(0.9)),
        (lambda m: mlm.confint(m, level=0.5), lambda m: m.confint(level=0.5)),
        (lambda m: mlm.predict(m), lambda m: m.predict()),
        (lambda m: mlm.predict(m, data()[:3]), lambda m: m.predict(data()[:3])),
        (lambda m: mlm.tidy(m, conf_int=True), lambda m: m.tidy(conf_int=True)),
        (lambda m: mlm.glance(m), lambda m: m.glance()),
    ],
)
def test_verbs_are_the_methods_of_both_kinds_of_models(verb, method, m, ols):
    for model in (m, ols):
        same(verb(model), method(model))


def test_verbs_about_random_effects(m):
    same(mlm.ranef(m), m.ranef())
    same(mlm.coef(m), m.coef())
    same(mlm.VarCorr(m), m.varcorr)
    same(mlm.summary(m, ddf="satterthwaite"), m.summary(ddf="satterthwaite"))
    same(mlm.predict(m, data()[:3], re_form="NA"), m.predict(data()[:3], re_form="NA"))
    same(mlm.predict(m, data()[:3], "NA"), m.predict(data()[:3], "NA"))
    same(mlm.tidy(m, True, "satterthwaite"), m.tidy(True, "satterthwaite"))


def test_coefficients_of_a_linear_model_are_its_fixed_effects(ols):
    same(mlm.coef(ols), ols.fixef)


@pytest.mark.parametrize("verb", [mlm.summary, mlm.tidy])
def test_a_linear_model_has_its_own_degrees_of_freedom(verb, ols):
    same(verb(ols, ddf=None), verb(ols))
    with pytest.raises(mlm.FitError, match="its own degrees of freedom; leave ddf out"):
        verb(ols, ddf="satterthwaite")
    with pytest.raises(mlm.ArgumentError, match="ddf must be None, 'satterthwaite'"):
        verb(ols, ddf="kenward")


@pytest.mark.parametrize("option", ["conf_level", "conf.int", "oldNames"])
@pytest.mark.parametrize("verb", [mlm.summary, mlm.tidy, mlm.confint, mlm.predict])
def test_options_of_other_packages_are_told_what_there_is(verb, option, m, ols):
    for model in (m, ols):
        with pytest.raises(mlm.ArgumentError, match=f"{verb.__name__} has no argument '{option}'; it has "):
            verb(model, **{option: 0.9})


@pytest.mark.parametrize("verb", [mlm.ranef, mlm.VarCorr])
def test_a_linear_model_has_no_random_effects(verb, ols):
    with pytest.raises(mlm.FitError, match=r"no random effects\. Fit them with mlm\.lmer"):
        verb(ols)


@pytest.mark.parametrize(
    "verb", [mlm.fixef, mlm.ranef, mlm.VarCorr, mlm.summary, mlm.predict, mlm.confint, mlm.tidy, mlm.coef]
)
@pytest.mark.parametrize(
    "what", ["y ~ x", None, np.zeros(3), np.poly1d([1, 2]), pd.DataFrame({"fixef": [1], "ngrps": [2]})]
)
def test_a_verb_takes_a_model(verb, what):
    with pytest.raises(mlm.ArgumentError, match=r"a model that mlm\.lmer, mlm\.glmer, mlm\.lm or mlm\.glm has fitted"):
        verb(what)


def test_models_and_functions_can_be_pickled(m):
    again, function = pickle.loads(pickle.dumps((m, mlm.lmer)))
    assert function is mlm.lmer
    same(again.fixef, m.fixef)


@pytest.mark.parametrize("function", [mlm.icc, mlm.r2, mlm.plausible_range, mlm.shrinkage, mlm.design_effect])
@pytest.mark.parametrize("what", ["linear model", None])
def test_functions_of_mixed_models_say_so(function, what, ols):
    said = r"mixed model that mlm\.lmer( or mlm\.glmer)? has fitted|float\(\) argument"
    with pytest.raises((mlm.ArgumentError, TypeError), match=said):
        function(ols if what else what)


METHODS = ("augment", "coefficients", "confint", "predict", "save", "simulate", "standardize", "summary", "update")
TABLES = {
    "anova": {}, "drop1": {}, "ranova": {}, "step": {}, "icc": {}, "r2": {}, "vif": {}, "re_pca": {}, "all_fit": {},
    "contest": {"L": "x"}, "influence": {"groups": "g"}, "emmeans": {"specs": "x"}, "slopes": {"x": "x"},
    "profile": {"which": "sigma"}, "bootstrap": {"n": 20, "seed": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_functions_too(name):
    d = data().assign(up=lambda d: (d["y"] > d["y"].mean()).astype(int))
    models = mlm.lmer("y ~ x + (1 | g)", d), mlm.glmer("up ~ x + (1 | g)", d), mlm.lm("y ~ x", d), mlm.glm("up ~ x", d)
    assert all(callable(getattr(m, name)) for m in models)
    assert name in mlm.__all__
    if name == "coefficients":
        for m in models:
            pd.testing.assert_frame_equal(mlm.coefficients(m), m.coefficients())
        pd.testing.assert_frame_equal(
            mlm.coefficients(models[0], "kenward-roger"), models[0].coefficients("kenward-roger")
        )


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_a_frame_and_faces(name):
    m = mlm.lmer("y ~ x + w + (1 | g)", data())
    found = getattr(mlm, name)(m, **TABLES[name])
    assert len(found.frame)
    assert "object at" not in str(found)
    assert found._repr_html_().startswith("<")


def test_a_frame_of_both_tables_of_step():
    found = mlm.step(mlm.lmer("y ~ x + w + (1 | g)", data()))
    pd.testing.assert_series_equal(found.frame.loc["fixed"]["Pr(>F)"], found.fixed.frame["Pr(>F)"], check_names=False)
    assert len(found.frame) == len(found.random.frame) + len(found.fixed.frame)
