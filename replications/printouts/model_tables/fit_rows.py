"""Rows that tell of the fit, ``AIC`` and ``Num. obs.``: what their labels say, and the numbers in their cells."""

from __future__ import annotations

import re
from collections.abc import Sequence

from replications.printouts.block import Block
from replications.printouts.cells import NUMBER, is_number
from replications.printouts.grids import GridRow
from replications.printouts.names import slug

_N = rf"(?:{NUMBER})"
_NAMED = re.compile(
    rf"(?P<count>{_N}) \(?(?P<behind>[A-Za-z][\w.:]*)\)?|(?P<before>[A-Za-z][\w.:]*) \((?P<within>{_N})\)"
)
"""A number beside the factor it belongs to, ``88 ID``, ``88 (ID)`` or ``ID (88)``."""
_BY_FACTOR = ("n_obs", "n_groups", "tau00", "tau11", "rho01", "icc")
_PAIR = re.compile(rf"({_N})\s*/\s*({_N})")
_FIT: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(AIC|Akaike Inf\. Crit\.)", ("aic",)),
    (r"AICc", ("aicc",)),
    (r"(BIC|Bayesian Inf\. Crit\.)", ("bic",)),
    (r"(Log[ .-]?Lik(elihood|\.)?|logLik)", ("loglik",)),
    (r"Deviance", ("deviance",)),
    (r"(Num\. ?[oO]bs\.?|Observations|N ?obs|Number of obs(ervations)?|N)", ("n_obs",)),
    (r"(?i:(?:N|Num\.|Number of)[ _]?\(?groups\)?)", ("n_groups",)),
    (r"Residual Std\. Error", ("rse", "df_resid")),
    (r"F Statistic", ("f", "f_df1", "f_df2")),
    (r"(R ?\^?2|R\N{SUPERSCRIPT TWO}|R-squared|R2)", ("r2",)),
    (r"(Adj\.? ?R ?\^?2|Adj\. R\N{SUPERSCRIPT TWO}|Adjusted R-?\^?2|R2 Adj\.|Adj\. R-squared)", ("adj_r2",)),
    (r"R\^?(2|\N{SUPERSCRIPT TWO}) ?/ ?R\^?(2|\N{SUPERSCRIPT TWO}) adjusted", ("r2", "adj_r2")),
    (r"Marginal R\^?2 ?/ ?Conditional R\^?2|Marginal R\N{SUPERSCRIPT TWO} .*", ("r2_marginal", "r2_conditional")),
    (r"R2 Marg\.", ("r2_marginal",)),
    (r"R2 Cond\.", ("r2_conditional",)),
    (r"RMSE", ("rmse",)),
    (r"F", ("f",)),
    (r"ICC", ("icc",)),
    (r"(\N{GREEK SMALL LETTER SIGMA}|sigma)\^?2", ("sigma2",)),
    (r"(\N{GREEK SMALL LETTER TAU}|tau)_?00", ("tau00",)),
    (r"(\N{GREEK SMALL LETTER TAU}|tau)_?11", ("tau11",)),
    (r"(\N{GREEK SMALL LETTER RHO}|rho)_?01", ("rho01",)),
)
_SLOPES = (
    (r"(?:\N{GREEK SMALL LETTER TAU}|tau)_?00,? (.+)", "tau00"),
    (r"(?:\N{GREEK SMALL LETTER TAU}|tau)_?11,? (.+)", "tau11"),
    (r"(?:\N{GREEK SMALL LETTER RHO}|rho)_?01,? (.+)", "rho01"),
    (r"(?i:(?:Num\.|Number of|N) ?groups):? (.+)", "n_groups"),
    (r"N (.+)", "n_groups"),
    (r"ICC,? (.+)", "icc"),
)
_VARIANCE = re.compile(r"(Var|Cov): (.+)|(SD|Cor) \((.+)\)")
_UNNAMED = {"Resid. Df", "Res.Df", "npar", "Df", "(Intercept)"}


def clean(label: str) -> str:
    r"""Return a row's label without formulas and LaTeX.

    Examples
    --------
    >>> clean(r"(Intercept) ($\gamma_{00}$)"), clean(r"$\tau_{00, \text{cntry}}$")
    ('(Intercept)', 'tau_00, cntry')
    """
    text = re.sub(r"\s*\(\s*\$[^$]*\$\s*\)", "", label)
    text = re.sub(r"\\text\{([^}]*)\}", r"\1", text.replace("$", ""))
    return re.sub(r"\\(\w+)", r"\1", text).replace("{", "").replace("}", "").replace("_ ", "_").strip()


def fit_ids(label: str, single: bool) -> tuple[str, ...]:
    """Return the ids of a row that tells of the fit; nothing for a term's."""
    text = clean(label)
    for pattern, ids in _FIT:
        if re.fullmatch(pattern, text):
            return ids
    for pattern, id in _SLOPES:
        if found := re.fullmatch(pattern, text.replace("N_", "N ").replace("ICC_", "ICC ")):
            return (f"{id}.{slug(_unbracketed(found[1]))}",)
    found = _VARIANCE.fullmatch(text)
    return (_variance(found[1] or found[3], found[2] or found[4], single),) if found else ()


def _unbracketed(name: str) -> str:
    """Return a name without brackets around it."""
    return re.sub(r"^\(([^()]*)\)$", r"\1", name)


def _variance(what: str, rest: str, single: bool) -> str:
    """Return the id of ``Var: cntry (Intercept)``, ``Cov: cntry (Intercept) edu.cwc`` or ``SD (Intercept school)``."""
    quantity = {"Var": "variance", "Cov": "cov", "SD": "sd", "Cor": "corr"}[what]
    words = rest.replace("~", " ").split()
    if rest in ("Residual", "Observations"):
        return f"varcomp.residual.{quantity}" if single else f"{what.lower()}.residual"
    group, names = (words[0], words[1:]) if what in ("Var", "Cov") else (words[-1], words[:-1])
    name = "__".join(map(slug, names))
    return f"varcomp.{slug(group)}.{name}.{quantity}" if single else f"{what.lower()}.{slug(group)}.{name}"


def fit_values(cell: str, ids: Sequence[str]) -> list[tuple[str, str]]:
    """Return the numbers of a cell in a row that tells of the fit, each with its id."""
    cell = re.sub(r"\s*\*+$", "", cell.strip())
    if len(ids) > 1 and (pair := _PAIR.fullmatch(cell)):
        return list(zip(ids, pair.groups(), strict=False))
    if is_number(cell):
        return [(ids[0], cell)]
    if ids[0] in _BY_FACTOR and (named := _named(cell, "n_groups" if ids[0] == "n_obs" else ids[0])):
        return named
    if found := re.fullmatch(rf"({_N})\s*\**\s*\(df ?= ?(\d+)(?:; ?(\d+))?\)", cell):
        return [(id, text) for id, text in zip(ids, found.groups(), strict=False) if text]
    if found := re.fullmatch(rf"({_N}) ([A-Za-z][\w.:]*)", cell):
        return [(f"{ids[0]}.{slug(found[2])}", found[1])]
    return []


def _named(cell: str, id: str) -> list[tuple[str, str]]:
    """Return the numbers of a cell each of which stands beside its factor; nothing if anything else is there.

    Examples
    --------
    >>> _named("88 (ID), 12 (farm)", "n_groups"), _named("ID (88)", "n_groups"), _named("88 of 90", "n_groups")
    ([('n_groups.ID', '88'), ('n_groups.farm', '12')], [('n_groups.ID', '88')], [])
    """
    if re.sub(r"[\s,;]", "", _NAMED.sub("", cell)):
        return []
    found = [(one["behind"] or one["before"], one["count"] or one["within"]) for one in _NAMED.finditer(cell)]
    return [(f"{id}.{slug(name)}", text) for name, text in found]


def named_values(label: str, cell: str) -> list[tuple[str, str]]:
    """Return the numbers beside their factors of a row that counts groups, or of another that has one a factor."""
    ids = fit_ids(label, single=True)
    return fit_values(cell, ids) if ids and ids[0] in _BY_FACTOR and not is_number(cell) else []


def has_no_names(heading: str, first: Sequence[str]) -> bool:
    """Tell whether the first column of a table has numbers of its own and no names of rows.

    Some of them have a decimal; or a heading says that they tell of the fit or are degrees of freedom of R's ``anova``,
    of an intercept, or anything of a single row.
    """
    if not first or not all(is_number(cell) and not cell.endswith("%") for cell in first):
        return False
    told = bool(heading) and (len(first) == 1 or bool(fit_ids(heading, single=True)) or heading in _UNNAMED)
    return told or any(re.search(r"\d\.\d", cell) for cell in first)


def are_of_the_fit(headings: Sequence[str]) -> bool:
    """Tell whether all headings of a table, two at least, tell of the fit."""
    return len(headings) > 1 and all(fit_ids(heading, single=True) for heading in headings)


def add_fit(block: Block, headings: Sequence[str], row: GridRow) -> None:
    """Add a row each of whose cells tells of the fit what its heading says."""
    for heading, cell in zip(headings, row.cells, strict=False):
        values = fit_values(cell, fit_ids(heading, single=True))
        for id, text in values:
            block.add(text, id, "", heading, row.line)
        if not values and re.search(r"\d", cell):
            block.unread.append((row.line, cell))
