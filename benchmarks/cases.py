"""What is fitted: models of the book, data of lme4, and simulated data that grow."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

import mlm
import replications

from . import simulate
from . import simulate_generalized as drawn


class Unavailable(Exception):
    """The data cannot be had here."""


@dataclass(frozen=True, slots=True)
class Case:
    """A model and its data.

    Attributes
    ----------
    name, title, formula : str
    groups : tuple of str
        Grouping factors: columns of the data.
    build : callable
        Draws or loads the data, without missing values.
    source : str
        A data set of `replications`, "simulated", or "lme4": of R's lme4 and the packages around it.
    reml : bool
    plain : str or None
        The same model for packages that do not read ``a:b`` as a grouping factor.
    series : str
        "rows" or "levels" where the case is a point of a growth curve.
    size : int
        Where on that curve.
    table : bool
        Whether it is in the table of cases, and not on a growth curve only.
    family : str
        Of a generalized model; empty for a linear one.
    n_agq : int
        1 for Laplace's approximation, or the nodes of quadrature.
    """

    name: str
    title: str
    formula: str
    groups: tuple[str, ...]
    build: Callable[[], pd.DataFrame]
    source: str = "simulated"
    reml: bool = True
    plain: str | None = None
    series: str = ""
    size: int = 0
    table: bool = True
    family: str = ""
    n_agq: int = 1


def two_level() -> pd.DataFrame:
    """Prepare the European Social Survey as the two-level tutorial does, and keep complete rows.

    Returns
    -------
    DataFrame, shape (31648, 9)
        trustind, four individual-level predictors rescaled within countries, three country-level ones, cntry.
    """
    data = replications.load("ess", verbose=False)
    out = pd.DataFrame({"trustind": data[["ppltrst", "pplfair", "pplhlp"]].mean(axis=1), "cntry": data["cntry"]})
    within = {"age_cwc": "agea", "gend_cwc": "male", "edu_cwc": "eduyrs", "inc_cwc": "hinctnta"}
    for name, column in within.items():
        out[name] = data.groupby("cntry")[column].transform(mlm.rescale)
    countries = data.groupby("cntry")[["gini_net", "postcom", "ti_cpi"]].first()
    for name, column in {"gini_cgm": "gini_net", "postcom_cgm": "postcom", "cpi_cgm": "ti_cpi"}.items():
        out[name] = data["cntry"].map(mlm.rescale(countries[column]))
    return out.dropna().reset_index(drop=True)


def book_data(name: str, columns: list[str]) -> pd.DataFrame:
    """Load columns of a data set of the book, complete rows."""
    data = replications.load(name, verbose=False)[columns].dropna().reset_index(drop=True)
    data.attrs.clear()  # notes on where the data are from, which pandas would copy with every column
    return data


def of_r(name: str, columns: str, package: str = "lme4") -> pd.DataFrame:
    """Have R write columns of a data set that comes with a package, and read them.

    Raises
    ------
    Unavailable
        Without R and the package.
    """
    if shutil.which("Rscript") is None:
        raise Unavailable(f"the data are in R's {package}, and there is no R")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        code = (
            f'data({name}, package = "{package}"); write.csv(with({name}, data.frame({columns})), row.names = FALSE, '
        )
        done = subprocess.run(["Rscript", "-e", f'{code}"{path}")'], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"the data are in R's {package}, which is not installed")
        return pd.read_csv(path)


def insteval() -> pd.DataFrame:
    """Read the ratings of lecturers that come with lme4.

    Returns
    -------
    DataFrame, shape (73421, 6)
        y, s (student), d (lecturer), dept, service (0 or 1), dept_service; all integers.
    """
    columns = ("y", "s", "d", "dept", "service")
    data = of_r("InstEval", ", ".join(f"{name} = as.integer(as.character({name}))" for name in columns))
    return data.assign(dept_service=2 * data["dept"] + data["service"])


TWO_LEVEL = "age_cwc + gend_cwc + edu_cwc + inc_cwc + gini_cgm + postcom_cgm + cpi_cgm"


def _imm10(number: int, right: str) -> Case:
    return Case(
        f"imm10_model{number}",
        f"imm10, model {number}",
        f"math ~ {right} | schnum)",
        ("schnum",),
        partial(book_data, "imm10", ["math", "homework", "ses", "meanses", "schnum"]),
        "imm10",
        reml=False,
    )


def _textbook(
    name: str, title: str, formula: str, groups: tuple[str, ...], columns: str, package: str = "lme4"
) -> Case:
    build = partial(of_r, title.partition(",")[0], columns, package)
    return Case(name, title, formula, groups, build, "lme4")


TEXTBOOK = (
    _textbook(
        "sleepstudy", "sleepstudy", "Reaction ~ Days + (Days | Subject)", ("Subject",), "Reaction, Days, Subject"
    ),
    _textbook(
        "penicillin",
        "Penicillin, crossed",
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        ("plate", "sample"),
        "diameter, plate, sample",
    ),
    _textbook(
        "pastes",
        "Pastes, nested",
        "strength ~ 1 + (1 | sample) + (1 | batch)",
        ("sample", "batch"),
        "strength, sample, batch",
    ),
    _textbook(
        "cake",
        "cake",
        "angle ~ recipe * temp + (1 | batch)",
        ("batch",),
        "angle, recipe, temp, batch = paste(recipe, replicate)",
    ),
    _textbook(
        "hsb82",
        "Hsb82, slopes",
        "mAch ~ meanses * cses + sector * cses + (cses | school)",
        ("school",),
        "mAch, meanses, cses, sector, school",
        "mlmRev",
    ),
    _textbook(
        "chem97",
        "Chem97, nested",
        "score ~ gcsecnt + (1 | school) + (1 | lea)",
        ("school", "lea"),
        "score, gcsecnt, school, lea",
        "mlmRev",
    ),
)


def _slopes(exponent: int) -> Case:
    rows = 10**exponent
    return Case(
        f"slopes_1e{exponent}",
        f"Random slopes, {rows:,} rows",
        simulate.SLOPES_FORMULA,
        ("g",),
        partial(simulate.random_slopes, rows),
        series="rows",
        size=rows,
        table=exponent >= 5,
    )


def _ratings(users: int, items: int, rows: int) -> Case:
    large = rows == 10**6
    return Case(
        "ratings_1e6" if large else f"ratings_{users + items}",
        f"Ratings, {users:,} × {items:,}",
        simulate.RATINGS_FORMULA,
        ("user", "item"),
        partial(simulate.ratings, rows, users, items),
        series="levels",
        size=users + items,
        table=large,
    )


def _generalized(
    name: str,
    title: str,
    formula: str,
    groups: tuple[str, ...],
    build: Callable[[], pd.DataFrame],
    family: str = "binomial",
    n_agq: int = 1,
) -> Case:
    return Case(name, title, formula, groups, build, reml=False, family=family, n_agq=n_agq)


GENERALIZED = (
    _generalized("herds", "Herds, 56 rows", drawn.HERDS_FORMULA, ("herd",), drawn.herds),
    _generalized("herds_agq9", "Herds, 9 nodes", drawn.HERDS_FORMULA, ("herd",), drawn.herds, n_agq=9),
    _generalized("districts", "Districts, 1,934 rows", drawn.DISTRICTS_FORMULA, ("district",), drawn.districts),
    _generalized(
        "broods", "Broods, 403 counts", drawn.BROODS_FORMULA, ("brood", "chick", "location"), drawn.broods, "poisson"
    ),
    _generalized("answers", "Answers, 316 × 24", drawn.ANSWERS_FORMULA, ("person", "item"), drawn.answers),
    _generalized("binary_slopes", "Slopes, 100,000 outcomes", drawn.BINARY_SLOPES_FORMULA, ("g",), drawn.binary_slopes),
    _generalized(
        "binary_ratings",
        "Crossed, 100,000 outcomes",
        drawn.BINARY_RATINGS_FORMULA,
        ("user", "item"),
        drawn.binary_ratings,
    ),
)

CASES: dict[str, Case] = {
    case.name: case
    for case in (
        _imm10(3, "homework + (1"),
        _imm10(4, "homework + (1 + homework"),
        _imm10(5, "homework + ses + meanses + (1 + homework"),
        *TEXTBOOK,
        Case(
            "heck2011_null",
            "heck2011, null model",
            "math ~ 1 + (1 | schcode)",
            ("schcode",),
            partial(book_data, "heck2011", ["math", "schcode"]),
            "heck2011",
        ),
        Case("two_level_model0", "Two-level, model 0", "trustind ~ 1 + (1 | cntry)", ("cntry",), two_level, "ess"),
        Case(
            "two_level_model3",
            "Two-level, model 3",
            f"trustind ~ {TWO_LEVEL} + (1 + edu_cwc | cntry)",
            ("cntry",),
            two_level,
            "ess",
        ),
        Case(
            "insteval",
            "InstEval",
            "y ~ service + (1 | s) + (1 | d) + (1 | dept:service)",
            ("s", "d", "dept", "dept_service"),
            insteval,
            "lme4",
            plain="y ~ service + (1 | s) + (1 | d) + (1 | dept_service)",
        ),
        Case(
            "moves",
            "Moves, 60,000 × 20,000",
            simulate.MOVES_FORMULA,
            ("worker", "firm"),
            simulate.moves,
        ),
        Case("crossed_1e5", "Crossed, 2,000 × 500", simulate.CROSSED_FORMULA, ("user", "item"), simulate.crossed),
        Case("pairs", "Pairs, 125,066 groups", simulate.PAIRS_FORMULA, ("g",), simulate.pairs),
        *(_slopes(exponent) for exponent in range(3, 8)),
        # a rating for every 22nd pair of a user and an item, at every size
        *(_ratings(60 * k, 37 * k, 100 * k * k) for k in (5, 10, 20, 50, 100)),
        *GENERALIZED,
    )
}


def facts(case: Case, frame: pd.DataFrame) -> dict[str, object]:
    """Describe the data as they were measured."""
    kind = replications.which(case.source) if case.source in replications.data.datasets() else case.source
    factors = [group for group in case.groups if f" {group})" in (case.plain or case.formula)]
    generalized = {"family": case.family, "n_agq": case.n_agq} if case.family else {}
    return generalized | {
        "title": case.title,
        "formula": case.formula,
        "criterion": "REML" if case.reml else "ML",
        "rows": len(frame),
        "levels": {group: int(frame[group].nunique()) for group in factors},
        "data_bytes": int(frame.memory_usage(index=False, deep=True).sum()),
        "data": kind,
        "series": case.series,
        "size": case.size,
        "table": case.table,
    }
