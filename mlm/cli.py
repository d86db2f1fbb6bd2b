"""The command line: ``python -m mlm FORMULA FILE`` fits a model and prints its summary."""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from .console import Parser, command, quoted, say
from .errors import ArgumentError, MlmError, MlmWarning
from .files.read import read_data, usual_missing
from .glm import glm
from .glmer import glmer
from .lm import lm
from .lmer import lmer
from .options import in_options
from .outputs import PICTURES, check_outputs, write_table
from .page import Model, page, picture, save, software

__all__ = ["main"]

ABOUT = "Fit a mixed model to the data of a file, linear or generalized, and print its summary as R's lme4 prints it."
EXAMPLES = """\
the formula, in quotes:
  math ~ 1 + (1 | school)            a mean, and schools that differ from it
  math ~ ses + (1 | school)          a predictor; ses + homework for two, ses * sex for an interaction
  math ~ ses + (ses | school)        its slope differs between schools, too
  math ~ ses + (1 | city/school)     schools in cities; (1 | rater) + (1 | text) for crossed groups
  math ~ ses                         no groups: least squares, or with --family a generalized linear model
  cbind(sick, well) ~ age + (1 | herd)   with --family binomial: successes and failures; or one column of 0 and 1

examples:
  python -m mlm "math ~ ses + (1 | schcode)" scores.csv
  python -m mlm "math ~ ses + (1 | schcode)" scores.sav --ddf satterthwaite --tidy estimates.csv
  python -m mlm "math ~ ses + (ses | schcode)" scores.xlsx --table 2024 --report fit.html
  python -m mlm "passed ~ ses + (1 | schcode)" scores.csv --family binomial --report fit.html
  python -m mlm "ticks ~ height + (1 | brood)" ticks.csv --family poisson --n-agq 9
  python -m mlm "share ~ age + (1 | herd)" herds.csv --family binomial --weights animals
  python -m mlm "cases ~ rain + (1 | town)" towns.csv --family poisson --offset "log(people)"

The exit status is 0, or 2 where the file, the formula or the fit is refused; the reason is then on standard error.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return the exit status.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the command line by default.
    """
    with command():
        chosen = _parser().parse_args(arguments)
        try:
            with _plain_warnings(chosen.file):
                _run(chosen)
        except (MlmError, OSError) as error:
            print(f"{type(error).__name__}: {in_options(str(error), chosen.file)}", file=sys.stderr)
            return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m mlm",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=software())
    parser.add_argument("formula", help="the model, such as 'y ~ x + (1 | group)'")
    parser.add_argument(
        "file", help="the data: .csv .tsv .txt .parquet .feather .dta .sav .sas7bdat .rds .rda .xlsx ..."
    )
    parser.add_argument("--ml", action="store_true", help="maximum likelihood instead of REML")
    parser.add_argument(
        "--family",
        metavar="NAME",
        help="of a generalized model: binomial poisson negative.binomial Gamma inverse.gaussian gaussian",
    )
    parser.add_argument(
        "--link", metavar="NAME", help="with --family: logit probit cloglog log ... (default: the family's usual one)"
    )
    parser.add_argument(
        "--n-agq",
        metavar="N",
        type=int,
        help="with --family and groups: 1 is Laplace's method (default), more are quadrature nodes, 0 is approximate",
    )
    parser.add_argument(
        "--weights", metavar="COLUMN", help="prior weights; with --family binomial and shares, the numbers of trials"
    )
    parser.add_argument(
        "--offset", metavar="COLUMN", help="known part of the linear predictor: a column, or such as 'log(days)'"
    )
    parser.add_argument(
        "--ddf", metavar="METHOD", help="t tests: satterthwaite, as R's lmerTest; kenward-roger; or none, as lme4"
    )
    parser.add_argument("--table", metavar="NAME", help="sheet of a workbook, data frame of an .rda file")
    parser.add_argument(
        "--labels", action="store_true", help="Stata, SPSS: labelled values are categories, not numbers"
    )
    parser.add_argument(
        "--missing", metavar="CODE", action="append", default=[], help="a code of missing values; may be repeated"
    )
    parser.add_argument(
        "--decimal", metavar="SIGN", help='text: "," for numbers such as 1,5 or 1.234,5; "." for such as 1,234.5'
    )
    parser.add_argument("--tidy", metavar="OUT.csv", help="estimates with intervals, one row per parameter")
    parser.add_argument(
        "--plot",
        metavar="OUT.png",
        help=f"caterpillar plot ({' '.join(PICTURES)}); residuals if the model has no groups",
    )
    parser.add_argument("--report", metavar="OUT.html", help="one page for a browser: tables, ICC, pictures")
    return parser


def _run(chosen: argparse.Namespace) -> None:
    """Read, fit, print, and write what is asked for."""
    if "~" in chosen.file.removeprefix("~") and "~" not in chosen.formula:
        raise ArgumentError(
            f"The formula comes first, then the file: python -m mlm {quoted(chosen.file)} {quoted(chosen.formula)}"
        )
    check_outputs(chosen.file, {"--tidy": chosen.tidy, "--plot": chosen.plot, "--report": chosen.report})
    with _progress(f"reading {chosen.file}"):
        missing = [*usual_missing(chosen.file), *chosen.missing]
        data = read_data(chosen.file, chosen.table, chosen.labels, missing, chosen.decimal)
    with _progress(f"fitting {len(data):,} rows"):
        m = _fit(chosen, data)
    ddf = None if chosen.ddf in (None, "none") else chosen.ddf
    say(str(m.summary(ddf)))
    if chosen.tidy:
        write_table(m.tidy(conf_int=True, ddf=ddf), Path(chosen.tidy))
    if chosen.plot or chosen.report:
        _use_no_screen()
    if chosen.plot:
        with _progress(f"drawing {chosen.plot}"):
            if boxes := save(lambda: picture(m), chosen.plot, dpi=150):
                print(boxes, file=sys.stderr)
    if chosen.report:
        with _progress(f"writing {chosen.report}"):
            Path(chosen.report).write_text(page(m, ddf, Path(chosen.file).name), "utf-8")


def _fit(chosen: argparse.Namespace, data: pd.DataFrame) -> Model:
    grouped = "|" in chosen.formula
    for option, given in (("--ml", chosen.ml), ("--n-agq", chosen.n_agq is not None)):
        if given and not grouped:
            raise ArgumentError(f"{option} is for models with groups, such as (1 | school); this formula has none.")
    if chosen.family is not None:
        return _generalized(chosen, data, grouped)
    for option, value in (("--link", chosen.link), ("--n-agq", chosen.n_agq)):
        if value is not None:
            raise ArgumentError(f"{option} is of generalized models: name the family, such as --family binomial.")
    if grouped:
        return lmer(chosen.formula, data, not chosen.ml, chosen.weights, chosen.offset)
    for option, value in (("--weights", chosen.weights), ("--offset", chosen.offset)):
        if value is not None:
            raise ArgumentError(f"{option} is for models with groups or a --family; least squares takes none.")
    return lm(chosen.formula, data)


def _generalized(chosen: argparse.Namespace, data: pd.DataFrame, grouped: bool) -> Model:
    if chosen.ml:
        raise ArgumentError("Generalized models are always fitted by maximum likelihood: leave --ml out.")
    if not grouped:
        return glm(chosen.formula, data, chosen.family, chosen.link, chosen.weights, chosen.offset)
    nodes = 1 if chosen.n_agq is None else chosen.n_agq
    return glmer(chosen.formula, data, chosen.family, chosen.link, nodes, chosen.weights, chosen.offset)


def _use_no_screen() -> None:
    """Draw into files only, also where a window could be opened."""
    import matplotlib

    matplotlib.use("agg")


@contextmanager
def _plain_warnings(file: str) -> Iterator[None]:
    """Show warnings of this package as one line each, without the place in the code."""
    usual = warnings.showwarning

    def show(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, MlmWarning):
            print(f"{category.__name__}: {in_options(str(message), file)}", file=sys.stderr)
        else:
            usual(message, category, *place, **more)

    with warnings.catch_warnings():
        warnings.showwarning = show
        warnings.simplefilter("always", MlmWarning)
        yield


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """Say on a terminal what is being done, and how long it took."""
    live = sys.stderr.isatty()
    start = time.perf_counter()
    if live:
        print(f"{what} ...", end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if live:
            print(f" {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
