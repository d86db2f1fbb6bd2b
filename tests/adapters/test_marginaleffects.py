"""Models handed to marginaleffects and maketables, where these are installed."""

import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from packaging.version import Version
from reference.emmeans import rows

import mlm
from mlm.adapters.marginaleffects import marginal_model

PAGE = Path(__file__).parents[2] / "book" / "other_packages.md"


@pytest.fixture(scope="module")
def models():
    data = rows("main")
    with pytest.warns(mlm.SingularFitWarning):
        generalized = mlm.glmer("won ~ A + x + (1 | g)", data)
    return {
        "lmer": mlm.lmer("y ~ A * B + x + (1 | g)", data),
        "glmer": generalized,
        "lm": mlm.lm("y ~ A * x", data),
        "glm": mlm.glm("won ~ A + x", data),
    }


@pytest.fixture(scope="module")
def marginaleffects():
    polars = pytest.importorskip("polars", reason="polars is not installed")
    if Version(polars.__version__) >= Version("2"):
        pytest.skip("marginaleffects fails with polars 2, in its own code")
    return pytest.importorskip("marginaleffects", reason="marginaleffects is not installed")


@pytest.mark.parametrize("kind", ["lmer", "lm"])
@pytest.mark.filterwarnings("ignore")
def test_means_are_those_of_emmeans(marginaleffects, models, kind):
    adapted = marginal_model(models[kind])
    grid = marginaleffects.datagrid(model=adapted, grid_type="balanced")
    theirs = marginaleffects.predictions(adapted, newdata=grid, by="A")
    ours = mlm.emmeans(models[kind], "A", ddf="asymptotic").frame
    np.testing.assert_allclose(theirs["estimate"].to_numpy(), ours["emmean"], rtol=1e-10)
    np.testing.assert_allclose(theirs["std_error"].to_numpy(), ours["SE"], rtol=1e-6)  # its derivatives are numerical
    limits = ours[["asymp.LCL", "asymp.UCL"]].to_numpy()
    np.testing.assert_allclose(theirs.select(["conf_low", "conf_high"]).to_numpy(), limits, rtol=1e-6)


@pytest.mark.parametrize("kind", ["glmer", "glm"])
@pytest.mark.filterwarnings("ignore")
def test_predictions_of_generalized_models_are_means(marginaleffects, models, kind):
    m = models[kind]
    theirs = marginaleffects.predictions(marginal_model(m))["estimate"].to_numpy()
    np.testing.assert_allclose(theirs, m.family.means(m.frame.x @ m.fixef.to_numpy()), rtol=1e-10)


@pytest.mark.filterwarnings("ignore")
def test_slopes_are_ours(marginaleffects, models):
    theirs = marginaleffects.avg_slopes(marginal_model(models["lm"]), variables="x", by="A").sort("A")
    ours = mlm.slopes(models["lm"], "x", by="A").frame
    np.testing.assert_allclose(theirs["estimate"].to_numpy(), ours["x.trend"], rtol=1e-6)


def test_what_marginaleffects_cannot_take_is_refused(models):
    with pytest.raises(mlm.ArgumentError, match="takes a model"):
        marginal_model(rows("main"))
    with pytest.raises(mlm.FitError, match="offset"):
        marginal_model(mlm.lmer("y ~ A + offset(o) + (1 | g)", rows("main")))


def test_a_package_that_is_missing_is_named(models, monkeypatch):
    monkeypatch.setitem(sys.modules, "marginaleffects", None)
    monkeypatch.setitem(sys.modules, "marginaleffects.classes.model", None)
    with pytest.raises(mlm.ArgumentError, match="pip install marginaleffects"):
        marginal_model(models["lmer"])


@pytest.mark.parametrize("kind", ["lmer", "glmer", "lm", "glm"])
def test_what_maketables_asks_for(models, kind):
    m = models[kind]
    table = m.__maketables_coef_table__
    assert list(table.columns) == ["b", "se", "t", "p", "ci95l", "ci95u"]
    assert table.index.tolist() == m.fixef.index.tolist()
    np.testing.assert_allclose(table["b"], m.fixef)
    assert ((table["ci95l"] < table["b"]) & (table["b"] < table["ci95u"])).all()
    assert ((table["p"] < 0.05) == ((table["ci95l"] > 0) | (table["ci95u"] < 0))).all()
    assert m.__maketables_stat__("N") == m.nobs
    assert m.__maketables_stat__("no such") is None
    assert m.__maketables_depvar__ == m.response
    assert (m.__maketables_stat__("ngrps") is None) == (kind in ("lm", "glm"))
    assert all(m.__maketables_stat__(key) is not None for key in m.__maketables_default_stat_keys__)


@pytest.mark.filterwarnings("ignore")
def test_maketables_takes_models(models):
    maketables = pytest.importorskip("maketables", reason="maketables is not installed")
    text = maketables.ETable([models["lm"], models["lmer"], models["glmer"]]).make(type="tex")
    assert f"{models['lmer'].fixef['Ab']:.3f}" in text


@pytest.mark.filterwarnings("ignore")
def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    for name in ("marginaleffects", "maketables", "pymmeans", "great_tables", "seaborn"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    monkeypatch.chdir(tmp_path)
    namespace = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf8"), re.DOTALL):
            exec(block, namespace)
    assert (tmp_path / "means.png").exists()
