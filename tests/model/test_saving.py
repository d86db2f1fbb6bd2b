"""Models that are saved and loaded: the same numbers and printouts, no code in the file, one error for what is none."""

import datetime
import io
import json
import pickle
import re
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
from brute import data

import mlm

N = 96


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        yield


def rows():
    rng, frame = np.random.default_rng(3), data()
    frame["f"] = pd.Categorical(rng.choice(list("abc"), N), ["c", "a", "b", "unused"])
    frame["o"] = pd.Categorical(rng.choice(["low", "mid", "high"], N), ["low", "mid", "high"], ordered=True)
    frame["s"], frame["t"] = pd.Series(rng.choice(["u", "v"], N), dtype="string"), rng.random(N) < 0.5
    frame["nullable"] = pd.Series(rng.integers(0, 9, N), dtype="Int64").mask(frame.index % 31 == 0)
    frame["maybe"] = pd.Series(rng.random(N) < 0.5, dtype="boolean").mask(frame.index % 17 == 0)
    frame["when"] = pd.Timestamp("2020-02-28") + pd.to_timedelta(frame["g"], "D")
    frame["zoned"], frame["day"] = frame["when"].dt.tz_localize("Europe/Rome"), frame["when"].dt.date
    frame.loc[5, "x"], frame["twice"] = np.nan, 2.0 * frame["x"]
    frame["yes"], frame["trials"], frame["count"] = (
        rng.binomial(5, 0.4, N),
        5,
        rng.negative_binomial(2.0, 2.0 / (5.0 + frame["h"])),
    )
    frame["size"] = rng.gamma(4.0, 1.0 + frame["h"])
    frame.index = [f"row {k}" for k in range(N)]
    return frame


MODELS = {
    "plain": (mlm.lmer, "y ~ x + (1 + x | g)", {}),
    "all kinds of columns": (mlm.lmer, "y ~ x * f + o + s + t + nullable + maybe + (1 | g:s)", {"weights": "w"}),
    "functions": (
        mlm.lmer,
        "y ~ scale(x) + poly(z, 2) + bs(w, df = 4) + factor(k) + I(x^2) + (z | g)",
        {"offset": "z"},
    ),
    "dates": (mlm.lmer, "y ~ z + (1 | when) + (1 | h)", {"data_name": "rows"}),
    "zones": (mlm.lmer, "y ~ z + (1 | zoned)", {}),
    "days": (mlm.lmer, "y ~ z + (1 | day)", {}),
    "dependent columns": (mlm.lmer, "y ~ x + twice + z + (1 | a/b)", {"reml": False}),
    "nearly parallel terms": (mlm.lmer, "y ~ z + (1 | g) + (0 + I(100 + z) | g)", {}),
    "values": (mlm.lmer, "y ~ z + offset(w) + (z || g)", {"weights": np.arange(1.0, N + 1.0), "offset": np.ones(N)}),
    "contrasts": (mlm.lmer, "y ~ f * o + (1 | g)", {"contrasts": {"f": "sum", "o": np.eye(3)[:, 1:]}}),
    "no fixed part": (mlm.lmer, "y ~ 0 + (1 | g)", {}),
    "binomial": (mlm.glmer, "cbind(yes, trials - yes) ~ x + (1 | g)", {}),
    "quadrature": (mlm.glmer, "t ~ z + (1 | g)", {"n_agq": 5, "link": "probit"}),
    "at the modes": (mlm.glmer, "count ~ z + (1 | g) + (1 | h)", {"family": "poisson", "n_agq": 0}),
    "negative binomial": (mlm.glmer, "count ~ z + (1 | h)", {"family": "negative.binomial"}),
    "Gamma": (mlm.glmer, "size ~ z + (1 | h)", {"family": "Gamma", "link": "log"}),
    "linear": (mlm.lm, "log(y + 100) ~ x * f + twice + o + offset(w)", {}),
    "logit": (mlm.glm, "maybe ~ x + f", {}),
    "counts": (mlm.glm, "count ~ z", {"family": "negative.binomial", "offset": "w"}),
}


@pytest.fixture(scope="module", params=MODELS)
def pair(request, tmp_path_factory):
    verb, formula, options = MODELS[request.param]
    path = tmp_path_factory.mktemp("models") / "one.mlm"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mlm.MlmWarning)
        m = verb(formula, rows(), **options)
    m.save(path)
    return m, mlm.load(path), path


def same(found, want):
    if isinstance(want, pd.DataFrame):
        pd.testing.assert_frame_equal(found, want, check_exact=False, rtol=1e-12, atol=1e-12)
    elif isinstance(want, pd.Series):
        pd.testing.assert_series_equal(found, want, check_exact=False, rtol=1e-12, atol=1e-12)
    else:
        np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-12)


def test_the_same_numbers_without_a_word(pair):
    m, again, path = pair
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlm.load(path)
    assert type(again) is type(m)
    assert repr(again) == repr(m)
    for name in ("fixef", "vcov", "se", "y", "x", "loglik", "deviance", "aic", "fitted", "resid", "nobs", "sigma"):
        same(getattr(again, name), getattr(m, name))
    same(again.coefficients(), m.coefficients())
    same(again.tidy(), m.tidy())
    same(again.glance(), m.glance())
    if hasattr(m, "ranef"):
        same(again.ranef(), m.ranef())
        same(again.varcorr, m.varcorr)
        same(again.theta, m.theta)
        assert again.messages == m.messages
        assert repr(again.dropped) == repr(m.dropped)
        assert repr(again.optimizer_info) == repr(m.optimizer_info)


def test_the_same_printouts(pair):
    m, again, _ = pair
    assert str(again) == str(m)
    assert str(again.summary()) == str(m.summary())


def test_what_comes_after_the_fit(pair):
    m, again, _ = pair
    new = rows().dropna()
    if m.frame.offset_parts is not None:
        same(again.predict(new, se=True), m.predict(new, se=True))
    same(again.predict(se=True), m.predict(se=True))
    same(again.design(new), m.design(new))
    if isinstance(m, mlm.MixedModel):
        same(again.coefficients(ddf="satterthwaite"), m.coefficients(ddf="satterthwaite"))
        assert str(mlm.anova(again)) == str(mlm.anova(m))
        same(again.refit(reml=not m.reml).deviance, m.refit(reml=not m.reml).deviance)
        same(again.refit(y=m.y + 1.0).theta, m.refit(y=m.y + 1.0).theta)
    with pytest.raises(mlm.FitError, match="came without its data"):
        again.update(". ~ . + w")


def test_fitted_again_to_data_that_are_given(pair):
    m, again, _ = pair
    found = again.update(data=rows())
    assert type(found) is type(m)
    same(found.fixef, m.update().fixef)
    same(found.loglik, m.loglik)


def test_saved_twice(pair, tmp_path):
    m, again, path = pair
    again.save(tmp_path / "two.mlm")
    with zipfile.ZipFile(path) as one, zipfile.ZipFile(tmp_path / "two.mlm") as two:
        assert one.namelist() == two.namelist()
        assert one.read("model.json") == two.read("model.json")
    assert str(mlm.load(tmp_path / "two.mlm")) == str(m)


def test_own_functions_are_given_again(tmp_path):
    m = mlm.lmer("y ~ half(z) + (1 | g)", rows(), functions={"half": lambda x: x / 2})
    mlm.save(m, str(tmp_path / "own.mlm"))
    again = mlm.load(str(tmp_path / "own.mlm"))
    same(again.fitted, m.fitted)
    with pytest.raises(mlm.MlmError, match="half"):
        again.predict(rows())
    same(again.with_functions({"half": lambda x: x / 2}).predict(rows()), m.predict(rows()))


def test_nothing_but_the_columns_in_use(tmp_path):
    m = mlm.lmer("y ~ z + (1 | g)", rows().assign(secret="told to nobody"))
    m.save(tmp_path / "one.mlm")
    with zipfile.ZipFile(tmp_path / "one.mlm") as file:
        text = file.read("model.json").decode()
    assert "told to nobody" not in text
    assert "secret" not in text
    assert json.loads(text).keys() == {"format", "version", "kind", "model"}


def rewritten(path, change):
    """The file with another text."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    head = json.loads(parts["model.json"])
    change(head)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in {**parts, "model.json": json.dumps(head).encode()}.items():
            file.writestr(name, content)


def test_files_that_are_no_models(tmp_path):
    path = tmp_path / "one.mlm"
    with pytest.raises(mlm.DataError, match="cannot be read: No such file"):
        mlm.load(path)
    with pytest.raises(mlm.ArgumentError, match="name of a file; got int"):
        mlm.load(3)
    with pytest.raises(mlm.DataError, match="cannot be read"):
        mlm.load(tmp_path)
    for content in (b"", b"no zip at all", pickle.dumps({"a": 1})):
        path.write_bytes(content)
        with pytest.raises(mlm.DataError, match="not a zip file"):
            mlm.load(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("other.txt", "x")
    with pytest.raises(mlm.DataError, match="is not a model that mlm has saved"):
        mlm.load(path)
    m = mlm.lm("y ~ z", rows())
    with pytest.raises(mlm.DataError, match="cannot be written"):
        m.save(tmp_path / "no folder" / "one.mlm")
    with pytest.raises(mlm.ArgumentError, match="name of a file; got NoneType"):
        m.save(None)
    for nothing in ("", "a\0b", b"a"):
        for call in (m.save, mlm.load):
            with pytest.raises(mlm.ArgumentError, match="`path` is the name of a file; got"):
                call(nothing)
    with pytest.raises(mlm.ArgumentError, match="got str"):
        mlm.save("m", path)


def damages():
    return {
        "later": (lambda head: head.update(version=2), "later version of mlm, in format 2"),
        "foreign": (lambda head: head.update(format="other"), "is not a model that mlm has saved"),
        "kind": (lambda head: head.update(kind="os.system"), "does not know: 'os.system'"),
        "class": (lambda head: head["model"]["mapping"].__setitem__(0, ["frame", {"Popen": {}}]), "damaged: KeyError"),
        "field": (lambda head: head["model"]["mapping"][0][1]["ModelFrame"].update(more=1), "damaged: TypeError"),
        "gone": (lambda head: head["model"]["mapping"][0][1]["ModelFrame"].pop("y"), "damaged: TypeError"),
        "array": (lambda head: head["model"]["mapping"][0][1]["ModelFrame"].update(y={"array": 999}), "IndexError"),
        "empty": (lambda head: head.pop("model"), "damaged: KeyError"),
    }


@pytest.mark.parametrize("kind", damages())
def test_damaged_files(kind, tmp_path):
    path = tmp_path / "one.mlm"
    mlm.lmer("y ~ z + (1 | g)", rows()).save(path)
    change, says = damages()[kind]
    rewritten(path, change)
    with pytest.raises(mlm.DataError, match=says):
        mlm.load(path)


def test_files_cut_short_or_changed(tmp_path):
    path = tmp_path / "one.mlm"
    mlm.lmer("y ~ z + (1 | g)", rows()).save(path)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:-30]):
        path.write_bytes(content)
        with pytest.raises(mlm.DataError, match="damaged"):
            mlm.load(path)
    place = whole.index(b"arrays/0.npy") + 120
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
    with pytest.raises(mlm.DataError, match="damaged"):
        mlm.load(path)


def test_pickled_arrays_are_refused(tmp_path):
    path = tmp_path / "one.mlm"
    mlm.lm("y ~ z", rows()).save(path)
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w") as out:
        for name, content in parts.items():
            if name == "arrays/0.npy":
                with out.open(name, "w") as one:
                    np.lib.format.write_array(one, np.array([{"a": 1}], dtype=object), allow_pickle=True)
            else:
                out.writestr(name, content)
    with pytest.raises(mlm.DataError, match="damaged: ValueError"):
        mlm.load(path)


def said(path):
    """The error of a file that is read; nothing of one that is a model."""
    try:
        mlm.load(path)
    except mlm.DataError as error:
        return str(error)
    return ""


def nested(depth):
    value = None
    for _ in range(depth):
        value = {"list": [value]}
    return value


def frame_of(head):
    return next(value for key, value in head["model"]["mapping"] if key == "frame")["ModelFrame"]


def wrongs():
    """Texts that a hand has changed: each is one error where the file is read."""
    found = {f"version {version!r}": {"version": version} for version in (-1, 0, True, None, "1", [1], 1.5)}
    found |= {"a list for a kind": {"kind": ["MixedModel"]}, "nothing": {"model": {}}, "no model": {"model": None}}
    found |= {"a bare list": {"model": [1]}, "too deep": {"model": nested(400)}}
    changes = {name: (lambda head, fields=fields: head.update(fields)) for name, fields in found.items()}
    for name in ("formula", "y", "x_columns", "x_design", "groupings", "index", "dropped", "recipe", "predictors"):
        for value in (3, "x", {"list": []}, {"mapping": [[1, 2]]}, None):
            changes[f"{name} {value}"] = lambda head, name=name, value=value: frame_of(head).update({name: value})
    changes["rows without end"] = lambda head: frame_of(head).update(index={"range": [0, 10**12, 1], "name": None})
    changes["columns without end"] = lambda head: frame_of(head)["x_columns"]["Columns"].__setitem__(2, 10**12)
    changes["fewer rows"] = lambda head: frame_of(head).update(index={"range": [0, 5, 1], "name": None})
    return changes


@pytest.mark.parametrize("verb", [mlm.lmer, mlm.lm])
def test_texts_that_were_changed_are_one_error(verb, tmp_path):
    whole, path = tmp_path / "one.mlm", tmp_path / "two.mlm"
    verb("y ~ z + f" + " + (1 | g)" * (verb is mlm.lmer), rows()).save(whole)
    for name, change in wrongs().items():
        path.write_bytes(whole.read_bytes())
        rewritten(path, change)
        assert "is damaged" in said(path), name


def test_fields_of_a_fit_have_their_types(tmp_path):
    whole, path = tmp_path / "one.mlm", tmp_path / "two.mlm"
    for m in (mlm.lmer("y ~ z + (1 | g)", rows()), mlm.glmer("t ~ z + (1 | g)", rows()), mlm.glm("t ~ z", rows())):
        m.save(whole)
        with zipfile.ZipFile(whole) as file:
            fields = [key for key, _ in json.loads(file.read("model.json"))["model"]["mapping"]]
        for k in range(len(fields)):
            path.write_bytes(whole.read_bytes())
            rewritten(path, lambda head, k=k: head["model"]["mapping"][k].__setitem__(1, {"span": "P1D"}))
            assert "is damaged" in said(path), fields[k]


def with_array(whole, path, name, change):
    """A file in which an array of the fit, the first of that name, has other numbers."""
    with zipfile.ZipFile(whole) as file:
        text = json.loads(file.read("model.json"))
        parts = {part: file.read(part) for part in file.namelist()}
    fields = dict(map(tuple, text["model"]["mapping"]))
    fields |= dict(map(tuple, fields["at"]["mapping"])) if "at" in fields else {}
    values = [f"arrays/{k}.npy" for k in re.findall(r'"array": (\d+)', json.dumps(fields[name]))]
    assert values
    for value in values:
        out = io.BytesIO()
        np.save(out, change(np.load(io.BytesIO(parts[value]))))
        parts[value] = out.getvalue()
    with zipfile.ZipFile(path, "w") as file:
        for part, content in parts.items():
            file.writestr(part, content)


@pytest.mark.parametrize(("verb", "formula"), [(mlm.lmer, "y ~ z + (1 | g)"), (mlm.glmer, "t ~ z + (1 | h)")])
@pytest.mark.parametrize("change", [lambda a: a * np.nan, lambda a: a * 3.0 + 0.5, lambda a: a[:-1]])
def test_numbers_that_are_not_of_the_fit_are_one_error(verb, formula, change, tmp_path):
    whole, path = tmp_path / "one.mlm", tmp_path / "two.mlm"
    m = verb(formula, rows())
    m.save(whole)
    for name in ("theta", "beta", "users", "unscaled") if verb is mlm.lmer else ("theta", "beta"):
        with_array(whole, path, name, change)
        if not said(path):  # one of two that a file has of theta, and of beta: the other is what counts
            assert (verb, name) in ((mlm.lmer, "theta"), (mlm.lmer, "beta"))
            same(mlm.load(path).theta, m.theta)
            same(mlm.load(path).vcov, m.vcov)
            continue
        assert "is damaged" in said(path), name


def parts_of(head, kind):
    """All values of one kind in a file, wherever they stand."""
    waiting, found = [head], []
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found += [one[kind]] if isinstance(one.get(kind), dict) else []
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else []
    return found


def unfit():
    """Designs that do not hold together, each of the right types."""

    def of(kind, field, value):
        return lambda head: [part.update({field: value}) for part in parts_of(head, kind) if part[field]]

    def shorter(kind, field):
        return lambda head: [next(iter(part[field].values())).pop() for part in parts_of(head, kind) if part[field]]

    changes = {f"{kind} {field}": shorter(kind, field) for kind, field in FIELDS}
    return changes | {"no sets": of("Terms", "sets", {"tuple": []}), "no spans": of("Design", "spans", {"tuple": []})}


FIELDS = [("Terms", "sets"), ("Design", "spans"), ("Design", "names"), ("Design", "full"), ("Coding", "labels")]


@pytest.mark.parametrize("kind", unfit())
def test_designs_that_do_not_hold_together_are_one_error(kind, tmp_path):
    whole, path = tmp_path / "one.mlm", tmp_path / "two.mlm"
    mlm.lmer("y ~ z * f + (z | g)", rows()).save(whole)
    path.write_bytes(whole.read_bytes())
    rewritten(path, unfit()[kind])
    assert "is damaged" in said(path)


def of_numpy(shape, dtype="<f8", data=b""):
    head = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (63 - (len(head) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data


ARRAYS = {
    "large": of_numpy("(1000000000000,)"),
    "small": of_numpy("(1,)", data=bytes(16)),
    "negative": of_numpy("(-1,)"),
    "overflowing": of_numpy("(9223372036854775807, 9)"),
    "long text": of_numpy("(2,)", "<U2000000000", bytes(16)),
    "no text": of_numpy("(1000000000000,)", "<U0"),
    "code": of_numpy("__import__('os').getcwd()"),
    "deep": b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + b"(" * 9000,
    "long head": b"\x93NUMPY\x02\x00" + (2**31).to_bytes(4, "little") + b"x" * 100,
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_no_room_is_made_for_what_is_not_there(kind, tmp_path, monkeypatch):
    whole, path = tmp_path / "one.mlm", tmp_path / "two.mlm"
    mlm.lm("y ~ z", rows()).save(whole)
    with zipfile.ZipFile(whole) as file, zipfile.ZipFile(path, "w") as out:
        for name in file.namelist():
            out.writestr(name, ARRAYS[kind] if name == "arrays/0.npy" else file.read(name))
    monkeypatch.setattr(np.lib.format, "read_array", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(mlm.DataError, match="is damaged"):
        mlm.load(path)


def test_text_that_is_too_long_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "one.mlm"
    mlm.lm("y ~ z", rows()).save(path)
    monkeypatch.setattr("mlm.model.stored_file.LONGEST_TEXT", 100)
    with pytest.raises(mlm.DataError, match=r"'model\.json' says that it has"):
        mlm.load(path)
    with pytest.raises(mlm.DataError, match="too long to be saved"):
        mlm.lm("y ~ z", rows()).save(path)


def test_memory_that_is_not_there_is_said(tmp_path, monkeypatch):
    path = tmp_path / "one.mlm"
    mlm.lm("y ~ z", rows()).save(path)

    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(np.lib.format, "read_array", full)
    with pytest.raises(mlm.DataError, match="damaged: MemoryError"):
        mlm.load(path)


INDEXES = {
    "tuples": pd.Index([("a", k) for k in range(N)], tupleize_cols=False),
    "tuples in tuples": pd.Index([("a", ("b", k)) for k in range(N)], tupleize_cols=False, name="n"),
    "several": pd.MultiIndex.from_tuples([("a", k) for k in range(N)], names=["u", None]),
    "days": pd.date_range("2020-01-01", periods=N, freq="D", name="day"),
    "months": pd.date_range("2020-01-01", periods=N, freq="MS", tz="Europe/Rome"),
    "spans": pd.timedelta_range("1D", periods=N, freq="h"),
    "a range": pd.RangeIndex(5, 5 + 2 * N, 2, name=("a", 1)),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_row_labels_are_what_they_were(kind, tmp_path):
    m = mlm.lm("y ~ z", rows().set_axis(INDEXES[kind]))
    m.save(tmp_path / "one.mlm")
    found = mlm.load(tmp_path / "one.mlm").fitted.index
    pd.testing.assert_index_equal(found, m.fitted.index, exact=True)
    assert getattr(found, "freq", None) == getattr(m.fitted.index, "freq", None)


def test_levels_that_cannot_be_saved_are_said(tmp_path):
    frame = rows().assign(odd=[datetime.time(k % 12) for k in range(N)])
    m = mlm.lmer("y ~ z + (1 | odd)", frame)
    with pytest.raises(mlm.DataError, match=r"cannot be saved: among its columns, levels or labels .* of type time"):
        m.save(tmp_path / "one.mlm")
    assert not (tmp_path / "one.mlm").exists()
