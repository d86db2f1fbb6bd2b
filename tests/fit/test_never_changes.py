"""A fitted model never changes: whatever is called, refused or not, whatever happens to the user's buffers."""

import contextlib
import copy
import dataclasses
import pickle
import threading
import types
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlm

N = 120


def data():
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(12), 10)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=N).round(3),
            "k": rng.integers(1, 4, N),
            "z": rng.uniform(1, 5, N).round(3),
            "f": pd.Categorical(rng.choice(list("abc"), N)),
            "t": rng.choice(["u", "v"], N),
            "b": rng.random(N) > 0.5,
            "g": g,
            "h": np.tile([1, 2], N // 2),
            "w": rng.uniform(0.5, 2, N).round(3),
            "o": rng.normal(size=N).round(3),
        }
    )
    u = rng.normal(size=(12, 2))
    frame["y"] = (
        frame.x + 0.3 * frame.z + 0.5 * (frame.f == "b") + u[g, 0] + u[g, 1] * frame.x + rng.normal(size=N)
    ).round(3)
    return frame


MIXED = "y ~ scale(x) + f * bs(z, df = 4) + factor(k) + t + b + (x + b | g) + (1 | g:h)"
LINEAR = "y ~ poly(x, 2) * f + cut(z, 3) + factor(k) + t + b"


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        yield


def mixed(frame=None):
    return mlm.lmer(MIXED, data() if frame is None else frame, weights="w", offset="o")


def linear(frame=None):
    return mlm.lm(LINEAR, data() if frame is None else frame)


# what a model is made of


def state(thing, path="m", found=None, seen=None):
    """Contents of everything that can be reached from a model, by the way to it."""
    found, seen = ({} if found is None else found), (set() if seen is None else seen)
    if isinstance(thing, np.ndarray) and thing.dtype != object:
        found[path] = (thing.shape, thing.dtype.str, thing.tobytes())
    elif thing is None or isinstance(thing, str | int | float | bool | bytes | np.generic | type | types.FunctionType):
        found[path] = repr(thing)
    elif id(thing) not in seen:
        seen.add(id(thing))
        for name, part in parts(thing):
            state(part, f"{path}.{name}", found, seen)
    return found


def parts(thing):
    if isinstance(thing, pd.Series | pd.Index | pd.DataFrame | pd.api.extensions.ExtensionArray):
        return [("values", pickle.dumps(thing.to_numpy(dtype=object, copy=True).tolist()))]
    if isinstance(thing, dict | types.MappingProxyType):
        return [("keys", repr(list(thing))), *((repr(key), value) for key, value in thing.items())]
    if isinstance(thing, list | tuple | np.ndarray):
        return [("len", len(thing)), *enumerate(thing)]
    if dataclasses.is_dataclass(thing):
        named = {each.name: getattr(thing, each.name) for each in dataclasses.fields(thing)}
        named.pop("origin", None)  # of the call that `update` makes again: the user's objects, as they are then
        return [*named.items(), *((k, v) for k, v in getattr(thing, "__dict__", {}).items() if k not in named)]
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    return [*getattr(thing, "__dict__", {}).items(), *((n, getattr(thing, n)) for n in slots if hasattr(thing, n))]


def assert_as_before(before, m):
    after = state(m)
    assert [path for path in before if before[path] != after.get(path)] == []


def answers(m):
    """Everything that is asked of a model, as bytes."""
    new = data().head(7)
    asked = [
        m.predict(new),
        m.predict(),
        m.design(new),
        m.fixef,
        m.vcov,
        m.se,
        m.fitted,
        m.resid,
        m.x,
        m.y,
        m.tidy(),
        m.confint(),
    ]
    asked += [mlm.effect(m, name).frame for name in ("z", "f", "k", "b") if m.frame.offset is None]
    if hasattr(m, "ranef"):
        asked += [
            m.ranef(),
            m.groups,
            m.varcorr,
            pd.Series(m.theta),
            m.predict(new, re_form="(1 | g)"),
            m.ngrps,
            m.refit(False).fixef,
        ]
        asked += list(m.coef().values())
    return [each.to_csv() for each in asked] + [m.deviance, m.sigma, str(m.summary())]


# calls


def new(**changed):
    return data().head(5).assign(**changed)


CALLS = {
    "text for numbers": lambda m: m.predict(new(z=["a"] * 5)),
    "numbers for text": lambda m: m.predict(new(t=[1, 2, 1, 2, 1])),
    "unknown level": lambda m: m.predict(new(f=["a", "b", "zz", "a", "b"])),
    "another order": lambda m: m.predict(new(f=pd.Categorical(list("cbacb"), categories=list("cba")))),
    "more categories": lambda m: m.predict(new(f=pd.Categorical(list("cbacb"), categories=list("xcba")))),
    "unknown number": lambda m: m.predict(new(k=[1, 2, 3, 4, 5])),
    "missing": lambda m: m.predict(new(x=np.nan, z=None)),
    "beyond the range": lambda m: m.predict(new(z=[-100.0, 0, 10, 100, 1e6])),
    "a column is not there": lambda m: m.predict(data().drop(columns="x")),
    "no frame": lambda m: m.predict(5),
    "design": lambda m: m.design(new(t="q")),
    "effect": lambda m: mlm.effect(m, "z"),
    "effect of a word": lambda m: mlm.effect(m, "x", values=["a"]),
    "effect of nothing": lambda m: mlm.effect(m, "x", values=[None]),
    "effect of an unknown level": lambda m: mlm.effect(m, "f", values=["zz"]),
    "effect elsewhere": lambda m: mlm.effect(m, "x", at={"z": [1e9], "f": ["a"]}),
    "summary": lambda m: str(m.summary()),
    "summary, satterthwaite": lambda m: str(m.summary(ddf="satterthwaite")),
    "confint": lambda m: m.confint(0.5),
    "confint, refused": lambda m: m.confint(2),
    "tidy": lambda m: m.tidy(conf_int=True),
    "glance": lambda m: m.glance(),
    "pickle": lambda m: pickle.loads(pickle.dumps(m)).predict(data()),
    "copy": lambda m: copy.deepcopy(m).predict(data()),
    "regtable": lambda m: str(mlm.regtable(m)),
}
MIXED_CALLS = {
    "unknown group": lambda m: m.predict(new(g=99)),
    "unknown group, population": lambda m: m.predict(new(g=[0, 99, 1, 2, 3]), new_levels="population"),
    "text group": lambda m: m.predict(new(g="q")),
    "missing group": lambda m: m.predict(new(g=None), new_levels="population"),
    "no such re_form": lambda m: m.predict(new(), re_form="(1 | nn)"),
    "re_form": lambda m: m.predict(new(), re_form="(x | g)"),
    "refit": lambda m: m.refit(not m.reml),
    "refit y": lambda m: m.refit(y=np.arange(float(N)) ** 0.5),
    "refit, refused": lambda m: m.refit(y=np.full(N, np.nan)),
    "refit nloptwrap": lambda m: m.refit(optimizer="nloptwrap"),
    "anova": lambda m: mlm.anova(m, mlm.lmer("y ~ x + (x + b | g) + (1 | g:h)", data(), weights="w", offset="o")),
    "anova of one": lambda m: mlm.anova(m),
    "icc": lambda m: mlm.icc(m),
    "r2": lambda m: mlm.r2(m),
    "evaluate": lambda m: m.deviance_function.evaluate(m.theta * 1.5),
}


@pytest.mark.parametrize("make", [mixed, linear])
def test_no_call_leaves_a_trace(make):
    m, twin = make(), make()
    want = answers(twin)
    before = state(m)
    calls = CALLS | (MIXED_CALLS if make is mixed else {})
    refused = 0
    for name, call in calls.items():
        try:
            call(m)
        except (mlm.MlmError, AttributeError):
            refused += 1
        assert_as_before(before, m)
        assert m.predict(data()).to_numpy().tobytes() == twin.predict(data()).to_numpy().tobytes(), name
    assert 8 <= refused < len(calls) - 6
    assert answers(m) == want
    assert_as_before(before, m)


def test_the_state_is_looked_at():
    m = mixed()
    before = state(m)
    assert len(before) > 300
    assert any("learnt" in path for path in before)
    m.optimum.log.append((m.theta, 0.0))
    with pytest.raises(AssertionError):
        assert_as_before(before, m)


# the user's buffers


def as_dict(frame):
    return {name: np.array(frame[name]) for name in frame}


def shared(frame):
    """A frame that shares its memory with arrays that the user holds."""
    return pd.DataFrame({name: column.to_numpy(copy=True) for name, column in frame.items()}, copy=False)


def polars(frame):
    return pytest.importorskip("polars").DataFrame({name: np.array(frame[name]) for name in frame})


def spoil(frame):
    """Change every number of a frame in place, by every way there is."""
    for name in list(getattr(frame, "columns", frame)):
        column = frame[name]
        if isinstance(column, np.ndarray):
            column[:] = column[::-1].copy()
        elif isinstance(column, pd.Series):
            if isinstance(column.dtype, np.dtype):
                column.array[:] = column.array[::-1].copy()
            frame.loc[:, name] = column.to_numpy()[::-1].copy()
            frame[name] = column.iloc[::-1].to_numpy()
        else:
            frame.replace_column(frame.get_column_index(name), column.reverse())


@pytest.mark.parametrize("kind", [data, lambda: shared(data()), lambda: as_dict(data()), lambda: polars(data())])
@pytest.mark.parametrize("make", [mixed, linear])
def test_buffers_are_copied(make, kind):
    frame = kind()
    m, twin = make(frame), make(kind())
    before = state(m)
    spoil(frame)
    assert_as_before(before, m)
    assert answers(m) == answers(twin)


def test_buffers_of_large_frames_are_copied():
    """Whatever pandas would do when the user changes them: the buffer may be somebody else's."""
    rows = 300_000
    rng = np.random.default_rng(8)
    buffer = np.column_stack([rng.normal(size=(rows, 2)), rng.integers(0, 50, rows)])
    frame = pd.DataFrame(buffer, columns=list("yxg"), copy=False)
    m = mlm.lmer("y ~ x + (1 | g)", frame)
    asked = ("fitted", "resid", "y", "x", "groups")
    before = [np.array(getattr(m, name)) for name in asked]
    buffer[:] = 7.0
    frame["x"].array[:3] = 100.0
    for name, was in zip(asked, before, strict=True):
        np.testing.assert_array_equal(getattr(m, name), was)


def test_buffers_of_plain_columns_are_copied():
    for kind in (data, lambda: shared(data()), lambda: as_dict(data())):
        frame = kind()
        w, o = np.array(data().w), np.array(data().o)
        m = mlm.lmer("y ~ x + z + (x | g)", frame, weights=w, offset=o)
        twin = mlm.lmer("y ~ x + z + (x | g)", kind(), weights=np.array(data().w), offset=np.array(data().o))
        y = np.array(data().y) + 1
        again, want = m.refit(y=y), twin.refit(y=np.array(data().y) + 1)
        before = state(m), state(again)
        spoil(frame)
        y[:], w[:], o[:] = 0.0, 1.0, 7.0
        assert_as_before(before[0], m)
        assert_as_before(before[1], again)
        for one, other in ((m, twin), (again, want)):
            np.testing.assert_array_equal(one.fitted, other.fitted)
            np.testing.assert_array_equal(one.resid, other.resid)
            np.testing.assert_array_equal(one.refit(reml=False).fixef, other.refit(reml=False).fixef)


def test_the_users_data_stay_as_they_are():
    for make in (mixed, linear):
        for kind in (data, lambda: shared(data()), lambda: as_dict(data())):
            frame = kind()
            m = make(frame)
            answers(m)
            m.predict(frame)
            for name in frame:
                np.testing.assert_array_equal(np.array(frame[name]), np.array(data()[name]))
                if isinstance(frame[name], np.ndarray):
                    frame[name][0] = frame[name][1]  # still the user's to change


# what is handed out


HANDED = ["fixef", "vcov", "se", "x", "y", "fitted", "resid"]
HANDED_BY_MIXED = [*HANDED, "groups", "ngrps", "theta", "varcorr", "scaled_resid"]


@pytest.mark.parametrize("make", [mixed, linear])
def test_tables_can_be_changed(make):
    m, want = make(), answers(make())
    before = state(m)
    tables = [getattr(m, name) for name in (HANDED_BY_MIXED if make is mixed else HANDED)]
    tables += [m.frame.x, m.predict(), m.design(data()), m.tidy(), m.confint()]
    if make is mixed:
        tables += [m.ranef(), *m.coef().values(), m.predict(re_form="NA")]
    for handed in tables:
        if isinstance(handed, np.ndarray):
            handed[...] = 0.0
        else:
            if isinstance(handed, pd.DataFrame):
                handed.columns.name = "changed"
                handed[handed.columns[0]] = 0
            handed.index.name = "changed"
            handed.iloc[:] = handed.iloc[::-1].to_numpy()
            handed.iloc[0] = handed.iloc[-1]
    if make is mixed:
        m.dropped.by_column["q"] = 5
        m.modes.clear()
        m.messages.append("changed")
    assert_as_before(before, m)
    assert answers(m) == want


@pytest.mark.parametrize("make", [mixed, linear])
def test_the_rest_cannot(make):
    m = make()
    arrays = [m.frame.y, *(array for factors in m.frame.x_columns.factors for array in factors)]
    arrays += [m.frame.predictors["x"].values, m.frame.predictors["f"].codes]
    if make is mixed:
        arrays += [m.frame.weights, m.frame.offset, m.frame.groupings["g"].codes, m.modes["g"][0], m.modes["g:h"][1]]
    else:
        arrays += [m.beta, m.covariance]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    for mapping in (m.frame.groupings, m.frame.predictors, m.frame.recipe.kinds, m.frame.recipe.learnt):
        with pytest.raises(TypeError):
            mapping["x"] = None
    for name in ("frame", "sigma", "fixef"):
        with pytest.raises(AttributeError):
            setattr(m, name, None)


def test_saved_and_loaded():
    for make in (mixed, linear):
        m = make()
        for again in (pickle.loads(pickle.dumps(m)), copy.deepcopy(m), copy.copy(m)):
            assert answers(again) == answers(m)
            with pytest.raises(ValueError, match="read-only"):
                again.frame.y[0] = 1
            if make is mixed:  # the constant is known again, without which this has no solution
                np.testing.assert_array_equal(again.refit(y=m.y + 1).fixef, m.refit(y=m.y + 1).fixef)
                np.testing.assert_array_equal(
                    again.refit(optimizer="nloptwrap").fixef, m.refit(optimizer="nloptwrap").fixef
                )


# the process


def process():
    generator = np.random.get_state()  # noqa: NPY002  (that of the process is meant)
    return repr(warnings.filters), repr(np.geterr()), repr(generator), repr(np.get_printoptions())


def test_the_process_stays_as_it_is():
    before = process()
    for make, calls in ((mixed, CALLS | MIXED_CALLS), (linear, CALLS)):
        m = make()
        for call in calls.values():
            with contextlib.suppress(mlm.MlmError, AttributeError):
                call(m)
            assert process() == before


# The command line has the process to itself; the reader of R's files warns of what is no fault.
OWN_PROCESS = {"cli.py", "page.py", "formats.py"}


def test_the_code_sets_nothing_of_the_process():
    """`warnings.catch_warnings` in one thread changes the filters of all."""
    forbidden = (
        "catch_warnings",
        "simplefilter",
        "filterwarnings",
        "np.seterr",
        "np.random.seed",
        "set_option",
        "os.environ[",
    )
    files = [f for f in sorted(Path(mlm.__file__).parent.rglob("*.py")) if f.name not in OWN_PROCESS]
    assert len(files) > 100
    found = [f"{file.name}: {word}" for file in files for word in forbidden if word in file.read_text(encoding="utf-8")]
    assert found == []


def test_threads():
    """Fits, predictions and refusals at once are what they are one by one."""
    shared_model, frame = mixed(), data()
    want = answers(shared_model), answers(linear())
    filters = repr(warnings.filters)
    started = threading.Barrier(8)

    def work(k):
        started.wait()
        if k % 4 == 0:
            return answers(mixed(frame)) == want[0]
        if k % 4 == 1:
            return answers(linear(frame)) == want[1]
        for call in (CALLS | MIXED_CALLS).values():
            with contextlib.suppress(mlm.MlmError, AttributeError):
                call(shared_model)
        return answers(shared_model) == want[0]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert repr(warnings.filters) == filters
