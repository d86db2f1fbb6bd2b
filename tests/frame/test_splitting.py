"""Columns of the types that libraries have beyond numbers and words: each works, or is one error."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import mlm

N = 60
rng = np.random.default_rng(5)
PLACE = np.arange(N) % 3
D = pd.DataFrame({"x": rng.normal(size=N), "g": np.repeat(np.arange(10), 6)})
D["y"] = D.x + rng.normal(size=10)[D.g] + np.array([0.0, 0.5, -0.7])[PLACE] + rng.normal(size=N)
WORDS = np.array(["lo", "mid", "hi"])


def arrow():
    return pytest.importorskip("pyarrow")


def table(column):
    return arrow().Table.from_pandas(D).append_column("v", column)


def chunks(column):
    return {**{name: D[name].to_numpy() for name in D}, "v": arrow().chunked_array([column[:20], column[20:]])}


def lone(column):
    return {**{name: D[name].to_numpy() for name in D}, "v": column}


def of_pandas(column):
    return D.assign(v=pd.Series(pd.arrays.ArrowExtensionArray(arrow().chunked_array([column]))))


FRAMES = [table, chunks, lone, of_pandas]


def dictionary(levels, ordered, codes=PLACE):
    pa = arrow()
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(levels), ordered=ordered)


def same(m, want, frame, plain):
    assert m.fixef.index.tolist() == want.fixef.index.tolist()
    np.testing.assert_allclose(m.fixef, want.fixef, rtol=1e-10)
    for new in (frame, plain):
        np.testing.assert_allclose(m.predict(new), want.fitted, rtol=1e-10)
        np.testing.assert_allclose(want.predict(new), want.fitted, rtol=1e-10)


@pytest.mark.parametrize("make", FRAMES)
@pytest.mark.parametrize("levels", [["lo", "mid", "hi"], [30, 1, 2], [3.5, 1.0, 2.0]])
def test_an_ordered_dictionary_is_an_ordered_category(make, levels):
    frame = make(dictionary(levels, ordered=True))
    plain = D.assign(v=pd.Categorical(np.array(levels)[PLACE], categories=levels, ordered=True))
    want = mlm.lm("y ~ v", plain)
    assert want.fixef.index.tolist() == ["(Intercept)", "v.L", "v.Q"]
    same(mlm.lm("y ~ v", frame), want, frame, plain)


@pytest.mark.parametrize("make", FRAMES)
def test_an_ordered_dictionary_can_be_compared(make):
    m = mlm.lm('y ~ I(v < "hi")', make(dictionary(["lo", "mid", "hi"], ordered=True)))
    np.testing.assert_allclose(m.fitted, mlm.lm("y ~ low", D.assign(low=(PLACE < 2) * 1.0)).fitted)


@pytest.mark.parametrize("make", FRAMES)
def test_a_dictionary_without_an_order_is_sorted(make):
    frame, plain = make(dictionary(["lo", "mid", "hi"], ordered=False)), D.assign(v=WORDS[PLACE])
    same(mlm.lm("y ~ v", frame), mlm.lm("y ~ v", plain), frame, plain)


def test_parts_of_an_ordered_column_have_one_order():
    pa = arrow()
    half = [dictionary(["lo", "hi"], True, PLACE[:30] % 2), dictionary(["lo", "mid", "hi"], True, PLACE[30:])]
    m = mlm.lm("y ~ v", lone(pa.chunked_array(half)))
    values = [*np.array(["lo", "hi"])[PLACE[:30] % 2], *WORDS[PLACE[30:]]]
    plain = D.assign(v=pd.Categorical(values, categories=WORDS, ordered=True))
    np.testing.assert_allclose(m.fixef, mlm.lm("y ~ v", plain).fixef)
    half[0] = dictionary(["hi", "lo"], True, PLACE[:30] % 2)
    with pytest.raises(mlm.DataError, match="ordered categories in lists that do not fit together"):
        mlm.lm("y ~ v", lone(pa.chunked_array(half)))


@pytest.mark.parametrize("make", FRAMES)
@pytest.mark.parametrize("ordered", [True, False])
def test_levels_that_are_null_or_twice(make, ordered):
    with pytest.warns(mlm.MissingRowsWarning, match="20 of 60 rows"):
        m = mlm.lm("y ~ v", make(dictionary(["lo", None, "hi"], ordered)))
    assert m.nobs == 40
    twice = mlm.lm("y ~ v", make(dictionary(["lo", "hi", "lo"], ordered)))
    np.testing.assert_allclose(twice.fitted, mlm.lm("y ~ v", D.assign(v=(PLACE == 1) * 1.0)).fitted)


def wrapped(kind):
    """A column of Arrow's of three values, in a type that wraps another, and the plain values."""
    pa = arrow()
    import pyarrow.compute as pc

    class Own(pa.ExtensionType):
        def __init__(self):
            super().__init__(pa.string(), "own.words")

        def __arrow_ext_serialize__(self):
            return b""

        @classmethod
        def __arrow_ext_deserialize__(cls, storage, serialized):
            return cls()

    words = pa.array(WORDS[PLACE])
    stamps = pd.Series(pd.Timestamp("2024-03-01") + pd.to_timedelta(PLACE, unit="D"))
    return {
        "extension": (lambda: pa.ExtensionArray.from_storage(Own(), words), WORDS[PLACE]),
        "run ends": (lambda: pc.run_end_encode(words), WORDS[PLACE]),
        "dictionary of a dictionary": (
            lambda: pa.DictionaryArray.from_arrays(pa.array(PLACE, pa.int8()), pa.array(WORDS).dictionary_encode()),
            WORDS[PLACE],
        ),
        "large words": (lambda: words.cast(pa.large_string()), WORDS[PLACE]),
        "words in view": (lambda: pa.array(WORDS[PLACE], pa.string_view()), WORDS[PLACE]),
        "dates": (lambda: pa.array(stamps).cast(pa.date32()), stamps),
        "times of day": (lambda: pa.array([datetime.time(k) for k in PLACE], pa.time32("s")), PLACE),
        "moments": (lambda: pa.array(stamps).cast(pa.timestamp("s", "Asia/Tokyo")), stamps),
        "durations": (lambda: pa.array(PLACE, pa.duration("ms")), PLACE),
        "decimals": (lambda: pa.array([Decimal(int(k)) for k in PLACE], pa.decimal256(40, 2)), PLACE),
        "half floats": (lambda: pa.array(PLACE.astype("float16")), PLACE),
        "intervals of the calendar": (
            lambda: pa.array([(1, int(k), 0) for k in PLACE], pa.month_day_nano_interval()),
            PLACE,
        ),
    }[kind]


KINDS = ["extension", "run ends", "dictionary of a dictionary", "large words", "words in view", "dates"]
KINDS += ["times of day", "moments", "durations", "decimals", "half floats", "intervals of the calendar"]


@pytest.mark.parametrize("make", FRAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_types_of_arrow_as_groups(make, kind):
    build, values = wrapped(kind)
    frame = make(build())
    m = mlm.lmer("y ~ x + (1 | v)", frame)
    want = mlm.lmer("y ~ x + (1 | v)", D.assign(v=values))
    np.testing.assert_allclose(m.fitted, want.fitted, rtol=1e-6)
    np.testing.assert_allclose(m.predict(frame), m.fitted, rtol=1e-10)


def unreadable(kind):
    pa = arrow()
    parts = [pa.array(PLACE), pa.array(WORDS[PLACE])]
    return {
        "struct": lambda: pa.array([{"a": int(k)} for k in PLACE]),
        "list": lambda: pa.array([[int(k)] for k in PLACE]),
        "map": lambda: pa.array([[("a", int(k))] for k in PLACE], pa.map_(pa.string(), pa.int64())),
        "union": lambda: pa.UnionArray.from_sparse(pa.array(PLACE % 2, pa.int8()), parts),
        "null": lambda: pa.nulls(N),
        "dictionary of structs": lambda: dictionary([{"a": 1}, {"a": 2}, {"a": 3}], ordered=False),
        "nanoseconds": lambda: pa.array(PLACE + 1, pa.time64("ns")),
    }[kind]()


@pytest.mark.parametrize("kind", ["struct", "list", "map", "union", "dictionary of structs", "nanoseconds"])
@pytest.mark.parametrize("role", ["weights", "offset"])
def test_types_of_arrow_as_weights_and_offsets(kind, role):
    for values in (unreadable(kind), [[1], [1, 2], *[[1]] * 58]):
        with pytest.raises(mlm.DataError, match=role):
            mlm.lmer("y ~ x + (1 | g)", D, **{role: values})


@pytest.mark.parametrize("make", [table, chunks, lone])
@pytest.mark.parametrize("formula", ["y ~ v", "v ~ x", "y ~ x + (1 | v)", "y ~ factor(v)"])
@pytest.mark.parametrize("kind", ["struct", "list", "map", "union", "null", "dictionary of structs", "nanoseconds"])
def test_types_of_arrow_that_are_refused(make, kind, formula):
    with pytest.raises(mlm.DataError, match="v"):
        (mlm.lmer if "|" in formula else mlm.lm)(formula, make(unreadable(kind)))


def test_names_that_are_there_twice():
    twins = arrow().table([D.y, D.x, D.x], names=["y", "x", "x"])
    with pytest.raises(mlm.DataError, match="The data have 2 columns 'x'; rename or drop"):
        mlm.lm("y ~ x", twins)
    with pytest.raises(mlm.DataError, match="The new data have 2 columns 'x'"):
        mlm.lm("y ~ x", D).predict(twins)


def test_intervals_in_other_frames():
    d = D.assign(v=pd.cut(D.x, 4))
    m = mlm.lmer("y ~ z + (1 | v)", d.assign(z=D.g))
    np.testing.assert_allclose(m.predict(arrow().Table.from_pandas(d.assign(z=D.g))), m.fitted)
    polars = pytest.importorskip("polars")
    with pytest.raises(mlm.DataError, match="grouping column 'v' cannot be told apart"):
        m.predict(polars.from_pandas(d.assign(z=D.g)))


ZONES = ["UTC", "Europe/Paris", "Asia/Tokyo", "+02:00"]
MOMENTS = pd.Series(pd.Timestamp("2024-03-31", tz="UTC") + pd.to_timedelta(D.g * 20, unit="min"))


def moments(kind, zone):
    there = D.assign(v=MOMENTS.dt.tz_convert(zone))
    if kind == "polars":
        return pytest.importorskip("polars").from_pandas(there)
    if kind == "arrow":
        return arrow().Table.from_pandas(there)
    return there.assign(v=there.v.astype(object)) if kind == "objects" else there


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "objects"])
@pytest.mark.parametrize("zone", ZONES)
def test_the_same_instants_are_the_same_levels(kind, zone):
    if kind == "polars" and zone.startswith("+"):
        pytest.skip("polars has no such zones")
    want = mlm.lmer("y ~ x + (1 | g)", D)
    m = mlm.lmer("y ~ x + (1 | v)", moments(kind, zone))
    one = mlm.lmer("y ~ x + (1 | v)", moments("pandas", zone))
    assert m.ranef()["grp"].astype(str).tolist() == one.ranef()["grp"].astype(str).tolist()
    for other in ("pandas", "polars", "arrow", "objects"):
        for elsewhere in ZONES[:3]:
            np.testing.assert_allclose(m.predict(moments(other, elsewhere)), want.fitted, rtol=1e-6)


HUGE = {"whole": 10**400, "fraction": Fraction(10**400, 3), "negative": -(10**400)}
ROLES = ["y ~ v", "v ~ x", "y ~ factor(v)", "y ~ x + (1 | v)", "weights", "offset", "listed", "new data"]


def fit(role, column):
    d = D.assign(v=pd.Series(column, dtype=object))
    if role == "new data":
        return mlm.lm("y ~ x", D).predict(d.assign(x=d.v))
    if role in ("weights", "offset", "listed"):
        options = {"weights": list(column)} if role == "listed" else {role: "v"}
        return mlm.lmer("y ~ x + (1 | g)", d, **options)
    return (mlm.lmer if "|" in role else mlm.lm)(role, d)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", HUGE)
def test_numbers_that_no_float_holds_are_refused(kind, role):
    with pytest.raises(mlm.DataError, match=r"1 numbers beyond .*1\.8e\+308.* replace them"):
        fit(role, [HUGE[kind], *(int(k) for k in PLACE[1:] + 1)])


def test_an_effect_at_a_number_that_no_float_holds():
    for value in HUGE.values():
        with pytest.raises(mlm.DataError, match="Values of 'x' are finite numbers"):
            mlm.effect(mlm.lm("y ~ x", D), "x", values=[value])


@pytest.mark.parametrize("role", ROLES[:-1])
def test_a_signalling_nan_is_missing(role):
    with pytest.warns(mlm.MissingRowsWarning, match="1 of 60 rows"):
        m = fit(role, [Decimal("sNaN"), *(int(k) for k in PLACE[1:] + 1)])
    with pytest.warns(mlm.MissingRowsWarning, match="1 of 60 rows"):
        want = fit(role, [None, *(int(k) for k in PLACE[1:] + 1)])
    np.testing.assert_array_equal(m.fixef, want.fixef)


@pytest.mark.parametrize("make", [list, np.array, lambda words: pd.Series(words, dtype=object)])
@pytest.mark.parametrize("formula", ["y ~ v", "y ~ x + (1 | v)", "y ~ factor(v)", 'y ~ I(v == "hi")'])
def test_text_that_is_no_unicode_is_refused(make, formula):
    frame = lone(make(["caf\udce9", *WORDS[PLACE[1:]]]))
    with pytest.raises(mlm.DataError, match=r"Column 'v' holds text that is not Unicode \('\\udce9'\).* encoding="):
        (mlm.lmer if "|" in formula else mlm.lm)(formula, frame)


def test_words_of_no_unicode_among_other_things_are_refused():
    with pytest.raises(mlm.DataError, match="holds text that is not Unicode"):
        mlm.lmer("y ~ x + (1 | v)", lone([1, "caf\udce9", *WORDS[PLACE[2:]]]))


def test_a_suffix_that_is_no_unicode_is_refused():
    with pytest.raises(mlm.DataError, match="name is not Unicode"):
        mlm.center_within(pd.DataFrame({"x": [1.0, 2.0], "g": ["a", "a"]}), "x", by="g", suffix="\udce9")


def test_times_of_day_group_or_are_refused():
    arrow = pytest.importorskip("pyarrow")
    kind = arrow.time64("us")
    frame = lone(pd.Series(arrow.array([int(k) for k in PLACE], kind), dtype=pd.ArrowDtype(kind)))
    m = mlm.lmer("y ~ x + (1 | v)", frame)
    np.testing.assert_array_equal(m.predict(frame), m.fitted)


def test_a_name_that_is_no_unicode_is_refused():
    with pytest.raises(mlm.DataError, match=r"name is not Unicode \('\\udce9'\).*rename it"):
        mlm.lm("y ~ x", {"y": D.y, "x": D.x, "caf\udce9": D.x})


@pytest.mark.parametrize(
    ("column", "kind"),
    [(set(range(N)), "set"), (dict(enumerate(range(N))), "dict"), ({}.fromkeys(range(N)).keys(), "dict_keys")],
)
def test_what_has_a_length_and_is_no_column(column, kind):
    with pytest.raises(mlm.DataError, match=f"Column 'v' is of type {kind}, which is not a column; give a list"):
        mlm.lm("y ~ v", lone(column))


@pytest.mark.parametrize("kind", [pd.DataFrame, dict, list])
def test_a_class_is_no_frame(kind):
    with pytest.raises(mlm.DataError, match=f"got the class {kind.__name__} itself"):
        mlm.lm("y ~ x", kind)
