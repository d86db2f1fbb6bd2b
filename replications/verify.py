"""Check a printout against itself, and against the data; see :func:`verify`."""

from __future__ import annotations

import json

from replications.checking.consistency import findings
from replications.checking.verification import Verification
from replications.printouts.command import text_of
from replications.printouts.pages import lines_of
from replications.printouts.read import read_printout


def verify(text: str) -> Verification:
    """Check what R (or Python, or Stata) printed about models.

    Without data the numbers are held against each other: t values against estimates and standard errors, p values
    against t and their degrees of freedom, stars, standard deviations, criteria, likelihood ratios, R squared, totals.
    All arithmetic is that of the intervals that rounding leaves open, so what differs cannot be.

    Parameters
    ----------
    text : str
        As of :func:`read_printout`.

    Returns
    -------
    Verification
        ``findings`` has one for each comparison, ``frame`` the same as a table, ``ok`` whether nothing differs.

    Raises
    ------
    mlm.ArgumentError
        If the text is none.
    PrintoutError
        If it begins as a notebook and is none.

    Notes
    -----
    A printed number stands for those within 0.55 units of its last place: R rounds some numbers twice, and the first
    time may move a number by half a unit of the next place. Degrees of freedom that a table does not show are taken to
    be at least those of the rows less the coefficients, and for mixed models half of the groups less the coefficients.

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
    printout = read_printout(text)
    return Verification(findings(printout, lines_of(text)), printout)


def main(file: str, *, as_json: bool = False, as_html: bool = False) -> int:
    """Print what was found about a file, and return the exit status: 0, 1 if a number differs, 2 if none was read.

    Raises
    ------
    PrintoutError
        If the file cannot be opened, or is no text.
    """
    found = verify(text_of(file))
    if as_json:
        print(json.dumps(found.as_dict(), indent=1, ensure_ascii=False))
    elif as_html:
        print(found.page(file), end="")
    else:
        print(found)
    return found.status
