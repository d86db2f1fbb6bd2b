"""Check a printout against itself, and against the data; see :func:`verify`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlm.errors import ArgumentError
from replications.checking import consistency
from replications.checking.finding import doubted
from replications.checking.given import frame, known_columns
from replications.checking.recomputed import Recomputed
from replications.checking.targets import Asked
from replications.checking.verification import Verification
from replications.printouts.command import text_of
from replications.printouts.pages import lines_of
from replications.printouts.read import read_printout


def verify(
    text: str,
    data: Any = None,
    *,
    formula: str | Mapping[str, str] | None = None,
    weights: str | None = None,
    reml: bool | None = None,
    rename: Mapping[str, str] | None = None,
    where: str | None = None,
) -> Verification:
    """Check what R (or Python, or Stata) printed about models.

    Without data the numbers are held against each other: t values against estimates and standard errors, p values
    against t and their degrees of freedom, stars, standard deviations, criteria, likelihood ratios, R squared, totals.
    All arithmetic is that of the intervals that rounding leaves open, so what differs cannot be.

    With data each model is fitted as the printout says, and every number of it is compared as well. What differs at the
    optimum is looked for where versions of lme4 stop, and then among common slips: REML or maximum likelihood, rows
    that are complete in all columns, predictors that were centred, standard deviations of the population.

    Parameters
    ----------
    text : str
        As of :func:`read_printout`.
    data : path or data frame, optional
        What the models were fitted to: a file as of :func:`mlm.read_data`, or n rows as of :func:`mlm.lmer`.
    formula : str or mapping, optional
        Of a printout that shows none, or another one; of several models from their names: ``{"Model 1": "y ~ x"}``.
    weights : str, optional
        Column of prior weights, where the printout shows none.
    reml : bool, optional
        How linear mixed models are fitted, where the printout does not say it, or otherwise.
    rename : mapping of str to str, optional
        From names in the printout to columns of the data, where they differ.
    where : str, optional
        Which rows: a condition on columns as of ``DataFrame.query``.

    Returns
    -------
    Verification
        ``findings`` has one for each comparison, ``frame`` the same as a table, ``ok`` whether nothing differs.

    Raises
    ------
    mlm.ArgumentError
        If the text is none, an argument has no sense, or says how to fit models without data; if ``weights`` names no
        column.
    mlm.DataError
        If the data cannot be read.
    PrintoutError
        If the text begins as a notebook and is none.

    Notes
    -----
    A printed number stands for those within 0.55 units of its last place: R rounds some numbers twice, and the first
    time may move a number by half a unit of the next place. Degrees of freedom that a table does not show are taken to
    be at least those of the rows less the coefficients, and for mixed models half of the groups less the coefficients.

    A computed number agrees with a printed one by the rule of the book's registries, within half a unit. Another fit
    explains a number only if more numbers of its block agree with it than with the one that was printed.

    References
    ----------
    Nuijten, M. B., et al. (2016). The prevalence of statistical reporting errors in psychology (1985-2013). *Behavior
    Research Methods*, 48, 1205-1226. (p values from statistics and degrees of freedom, within rounding.)

    Brown, N. J. L., & Heathers, J. A. J. (2017). The GRIM test. *Social Psychological and Personality Science*, 8,
    363-369. (What printed means allow.)

    Examples
    --------
    >>> import replications
    >>> print(replications.verify('''Fixed effects:
    ...             Estimate Std. Error t value
    ... (Intercept)    5.270      0.211   24.98
    ... x              0.300      0.021   11.20
    ... '''))
    1 block read, 2 comparisons: 1 agrees, 1 differs
      line 4, fixef.x.t: 11.20 differs: t = estimate / standard error:
      13.8956 to 14.6968 possible, so 13.90 to 14.70
    """
    asked = _asked(data, {"formula": formula, "weights": weights, "reml": reml, "rename": rename, "where": where})
    printout, lines = read_printout(text), lines_of(text)
    found = consistency.findings(printout, lines)
    if data is None:
        return Verification(found, printout, printout.notes)
    rows = frame(data, rename, where)
    known_columns("weights", weights, rows)
    recomputed = Recomputed(rows, doubted(found))
    found += recomputed.findings(printout, lines, asked)
    return Verification(
        sorted(found, key=lambda finding: finding.line), printout, [*printout.notes, *recomputed.notes], with_data=True
    )


def _asked(data: Any, given: Mapping[str, Any]) -> Asked:
    """Return what the user says of the models.

    Raises
    ------
    ArgumentError
        If something is said and there are no data, or has the wrong type.
    """
    said = [name for name, value in given.items() if value is not None]
    if data is None and said:
        raise ArgumentError(f"{said[0]} says how models are fitted, and there are no data to fit them to: give data=")
    formula, weights, reml, where = (given[name] for name in ("formula", "weights", "reml", "where"))
    named = isinstance(formula, Mapping) and all(isinstance(text, str) for pair in formula.items() for text in pair)
    if formula is not None and not isinstance(formula, str) and not named:
        raise ArgumentError(f"formula is a str, or a mapping from models to such; got {formula!r}")
    for name, value in (("weights", weights), ("where", where)):
        if value is not None and not isinstance(value, str):
            raise ArgumentError(f"{name} is a str; got {value!r}")
    if reml is not None and not isinstance(reml, bool):
        raise ArgumentError(f"reml is True or False; got {reml!r}")
    return Asked(formula, weights, reml, where)


def main(file: str, data: str | None = None, *, face: str = "text", **given: Any) -> int:
    """Print what was found about a file, and return the exit status.

    It is 0, 1 if a number differs, and 2 if none was read or, with data, none could be recomputed.

    Parameters
    ----------
    file, data : str
        Their paths.
    face : {"text", "json", "html"}
    **given
        As of :func:`verify`.

    Raises
    ------
    PrintoutError
        If the file cannot be opened, or is not text.
    mlm.errors.MlmError
        As of :func:`verify`.
    """
    found = verify(text_of(file), data, **given)
    if face == "json":
        print(json.dumps(found.as_dict(), indent=1, ensure_ascii=False))
    else:
        print(found.page(file) if face == "html" else found, end="" if face == "html" else "\n")
    return found.status
