"""Tables with a column a model: which rows are terms, which tell of the fit, and what stands in a cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from replications.printouts import brackets, grids, names
from replications.printouts.block import Block
from replications.printouts.brackets import Bracketed
from replications.printouts.cells import NUMBER, is_number
from replications.printouts.cursor import Cursor
from replications.printouts.grids import GridRow
from replications.printouts.names import interval_ends, slug

_DASH = r"\s*(?:;|,|\N{EN DASH}|\N{EM DASH}|\bto\b|\s-\s)\s*"
_STARS = r"\s*(?:\^?\{?(\*{1,3}|\+|\.)\}?)?"
_N = rf"(?:{NUMBER})"
_PLAIN = re.compile(rf"({_N}){_STARS}")
_SE = re.compile(rf"\(({_N})\){_STARS}")
_CI = re.compile(rf"[\[(]\s*({_N}){_DASH}({_N})\s*[\])]{_STARS}")
_P = re.compile(rf"p\s*(?:=\s*({_N})|({_N}))")
_RANGE = re.compile(rf"({_N}){_DASH}({_N})")
_PAIR = re.compile(rf"({_N})\s*/\s*({_N})")
_COMMA = re.compile(r"[\[(]?-?\d[\d.]*,\d")
_FIT: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(AIC|Akaike Inf\. Crit\.)", ("aic",)),
    (r"AICc", ("aicc",)),
    (r"(BIC|Bayesian Inf\. Crit\.)", ("bic",)),
    (r"(Log[ .-]?Lik(elihood|\.)?|logLik)", ("loglik",)),
    (r"Deviance", ("deviance",)),
    (r"(Num\. ?[oO]bs\.?|Observations|N ?obs|Number of obs(ervations)?|N)", ("n_obs",)),
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
_STATISTICS = {
    "Estimates": "estimate",
    "Log-Odds": "estimate",
    "Log-Mean": "estimate",
    "Odds Ratios": "odds_ratio",
    "Incidence Rate Ratios": "rate_ratio",
    "Risk Ratios": "risk_ratio",
    **dict.fromkeys(("Estimate", "Est.", "b", "B", "\N{GREEK SMALL LETTER BETA}"), "estimate"),
    **dict.fromkeys(("std. Error", "SE", "S.E.", "Std. Error", "Std.Error"), "se"),
    "std. Beta": "std_estimate",
    **dict.fromkeys(("t", "t value", "t-value"), "t"),
    **dict.fromkeys(("z", "z value", "z-value"), "z"),
    **dict.fromkeys(("p", "P", "p-value", "p value", "p.value"), "p"),
    "Statistic": "statistic",
    "df": "df",
    **dict.fromkeys(("CI", "95% CI", "CI (95%)", "Conf. Int (95%)"), "ci"),
    "standardized CI": "std_ci",
}
_SLOPES = (
    (r"(?:\N{GREEK SMALL LETTER TAU}|tau)_?00,? (.+)", "tau00"),
    (r"(?:\N{GREEK SMALL LETTER TAU}|tau)_?11,? (.+)", "tau11"),
    (r"(?:\N{GREEK SMALL LETTER RHO}|rho)_?01,? (.+)", "rho01"),
    (r"(?:Num\. groups:|N) (.+)", "n_groups"),
    (r"ICC,? (.+)", "icc"),
)
_VARIANCE = re.compile(r"(Var|Cov): (.+)|(SD|Cor) \((.+)\)")


@dataclass(frozen=True, slots=True)
class _Table:
    single: bool
    mixed: bool
    starred: set[str]
    bracketed: dict[int, str | None]


_UNTESTED = re.compile(r"(?:var|sd|cov|corr)\(")
"""Labels of Stata's variances, which have standard errors and no stars."""
INTERCEPTS = {"(Intercept)", "Constant", "Intercept", "_cons"}
_EFFECTS = {"fixed", "random", "ran_pars"}
_LEVEL = "\t"
"""What parts a term from its level, which stands in a column of its own."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: the model it belongs to, its heading, and what that says of its cells; empty where it says nothing."""

    model: str
    statistic: str
    what: str


def add(block: Block, grid: Sequence[GridRow]) -> None:
    """Add the numbers of a grid to a block; with one model the ids are those of a summary."""
    grid = _levelled(_labelled(_grouped(_beside_stars(grid))))
    head, rows = _split(grid)
    columns = _columns(head, max((len(row.cells) for row in grid), default=1) - 1)
    models = list(dict.fromkeys(column.model for column in columns))
    text = " ".join(row.cells[0] for row in rows)
    mixed = bool(re.search(r"Num\. groups|Var: |\N{GREEK SMALL LETTER TAU}|SD \(|tau_", text))
    beside = _beside(rows, columns)
    starred = _starred(rows, columns, beside)
    bracketed = _bracketed(beside, starred, block.call, " ".join(row.cells[0] for row in grid))
    about = _Table(len(models) == 1, mixed, starred, bracketed)
    term, below, fits = "", 0, False
    for at, row in enumerate(rows):
        below = below + _is_bracketed(row) if _goes_on(row) else 0
        if not _goes_on(row):
            term, fits = row.cells[0], not _is_term(rows, at, columns)
        for column, cell in zip(columns, row.cells[1:], strict=False):
            if re.search(r"\d", cell):
                _add_cell(block, row, term, column, cell, about, fits, below)


def _beside_stars(grid: Sequence[GridRow]) -> list[GridRow]:
    """Return a grid without columns of stars alone, which are put behind the numbers before them."""
    width = max((len(row.cells) for row in grid), default=0)
    found = list(grid)
    for at in reversed(range(2, width)):
        cells = {row.cells[at] for row in grid if len(row.cells) > at}
        if any(cells) and all(re.fullmatch(r"\**", cell) for cell in cells):
            found = [GridRow(row.line, _joined(row.cells, at)) for row in found]
    return found


def _joined(cells: tuple[str, ...], at: int) -> tuple[str, ...]:
    """Return cells, one of them behind the one before it."""
    return (*cells[: at - 1], " ".join(cells[at - 1 : at + 1]).strip(), *cells[at + 1 :])


def _levelled(grid: Sequence[GridRow]) -> list[GridRow]:
    """Return a grid in which labels that are numbers have the factor in front that stands alone in a row above."""
    found, factor = list[GridRow](), ""
    for row in grid:
        label = row.cells[0]
        if label and not any(row.cells[1:]):
            factor = label
        elif label and not label.isdigit():
            factor = ""
        named = f"{factor}{_LEVEL}{label}" if factor and label.isdigit() else label
        found.append(GridRow(row.line, (named, *row.cells[1:])))
    return found


def _grouped(grid: Sequence[GridRow]) -> list[GridRow]:
    """Return a grid whose terms stand in the second column, below groups in the first, with one column of labels.

    Fixed and random effects are told apart by their terms; another group is part of the label of its terms.
    """
    terms = [row.cells[1] for row in grid if len(row.cells) > 2]
    own = any(term in INTERCEPTS or fit_ids(term, single=False) for term in terms)
    groups = [row.cells[0] for row in grid if row.cells[0]]
    if (
        not own
        or len(terms) < len(grid)
        or any(parts(group) or group in INTERCEPTS or fit_ids(group, single=False) for group in groups)
    ):
        return list(grid)
    found, group = [grid[0].without(0)], ""
    for row in grid[1:]:
        group, term = row.cells[0] or group, row.cells[1]
        plain = not term or not group or group in _EFFECTS or fit_ids(term, single=False)
        found.append(GridRow(row.line, (term if plain else f"{group}{_LEVEL}{term}", *row.cells[2:])))
    return found


def _labelled(grid: Sequence[GridRow]) -> list[GridRow]:
    """Return a grid whose second column, where it has levels of a response or groups, is part of the label.

    In such a column nothing has a decimal or brackets, and rows of brackets and of the fit have nothing.
    """
    rows = [row for row in grid if len(row.cells) > 2]
    inner = [row for row in rows if not row.cells[0] and _is_bracketed(row)]
    levels = [row.cells[1] for row in rows[1:] if row.cells[1]]
    fit = [row for row in rows if fit_ids(row.cells[0], single=False)]
    if not inner or not levels or any(row.cells[1] for row in [*inner, *fit]):
        return list(grid)
    if not rows[0].cells[1] and any(parts(level) for level in levels):
        return list(grid)
    if any(re.search(r"\d\.\d|\*|^[\[(]\s*[\d.-]", level) for level in levels) or len(rows) < len(grid):
        return list(grid)
    found, term = [grid[0].without(1)], ""
    for row in grid[1:]:
        term = row.cells[0] or term
        label = f"{term}{_LEVEL}{row.cells[1]}" if row.cells[1] else row.cells[0]
        found.append(GridRow(row.line, (label, *row.cells[2:])))
    return found


def _is_bracketed(row: GridRow) -> bool:
    """Tell whether single numbers in brackets, and nothing else, stand in a row."""
    cells = [cell for cell in row.cells[1:] if cell]
    return bool(cells) and all(_SE.fullmatch(cell) for cell in cells)


def _is_term(rows: Sequence[GridRow], at: int, columns: Sequence[_Column]) -> bool:
    """Tell whether a row is of a term whatever its label: brackets stand below it, or models have several cells."""
    if at + 1 < len(rows) and _is_inner(rows[at + 1]):
        return True
    filled = [column.model for column, cell in zip(columns, rows[at].cells[1:], strict=False) if cell]
    return len(filled) > len(set(filled))


def _beside(rows: Sequence[GridRow], columns: Sequence[_Column]) -> list[tuple[int, str, Bracketed]]:
    """Return the numbers in brackets with place and model: beside the estimates (0), in each row below (from 1)."""
    found: list[tuple[int, str, Bracketed]] = []
    known: dict[int, dict[str, str]] = {}
    below = 0
    for row in rows:
        goes_on = _goes_on(row)
        below = below + _is_bracketed(row) if goes_on else 0
        known = known if goes_on else {}
        for at, (column, cell) in enumerate(zip(columns, row.cells[1:], strict=False)):
            if column.what in ("", "estimate"):
                known.setdefault(at, {}).update(read := dict(parts(cell)))
                if "se" in read and not fit_ids(row.cells[0], single=False):
                    ends = (known[at]["ci_low"], known[at]["ci_high"]) if "ci_low" in known[at] else None
                    estimate, stars = known[at].get("estimate", ""), known[at].get("stars", "")
                    found.append((below, column.model, Bracketed(read["se"], estimate, stars, ends)))
    return found


def _starred(
    rows: Sequence[GridRow], columns: Sequence[_Column], beside: Sequence[tuple[int, str, Bracketed]]
) -> set[str]:
    """Return the models whose estimates have stars; one without any that has need of some has none printed."""
    models = {column.model for row in rows for column, cell in zip(columns, row.cells[1:], strict=False) if "*" in cell}
    without = {model for _, model, cell in beside if brackets.is_many(cell)} - models
    return {column.model for column in columns} - without if models else set()


def _bracketed(
    beside: Sequence[tuple[int, str, Bracketed]], starred: set[str], call: str, notes: str
) -> dict[int, str | None]:
    """Return what stands in each place of brackets; None where it cannot be told."""
    places = sorted({place for place, _, _ in beside})
    told = brackets.said(call, notes)
    own = {place: told[at] for at, place in enumerate(places) if at < len(told)}
    cells = [(at, cell if model in starred else replace(cell, stars=None)) for at, model, cell in beside]
    return {place: own.get(place) or brackets.quantity([cell for at, cell in cells if at == place]) for place in places}


def _split(grid: Sequence[GridRow]) -> tuple[list[GridRow], list[GridRow]]:
    """Return the rows of headings and the rest: headings are all rows before the first with a number in a cell."""
    for at, row in enumerate(grid):
        if any(parts(cell) or _COMMA.match(cell) for cell in row.cells[1:]) and not _counts(row, first=not at):
            return list(grid[:at]), list(grid[at:])
    return list(grid), []


def _counts(row: GridRow, *, first: bool) -> bool:
    """Tell whether the cells of a row count the models, ``(1)  (2)``; a first row may do without brackets."""
    cells = [cell for cell in row.cells[1:] if cell]
    bare = first and not row.cells[0] and cells == [str(at + 1) for at in range(len(cells))]
    return bare or all(re.fullmatch(r"\(\d+\)", cell) for cell in cells)


def _columns(head: Sequence[GridRow], count: int) -> list[_Column]:
    """Return for each column the model it belongs to and what is printed in it."""
    statistics, models = [""] * count, [""] * count
    for row in head:
        cells = [*row.cells[1:], *[""] * count][:count]
        if sum(bool(_meaning(cell)) for cell in cells) > 1 or row.cells[0] == "Predictors":
            statistics = cells
        elif any(cells) and not (len([cell for cell in cells if cell]) == 1 < count and any(models)):
            models = cells if not all(_same(cells)) or not any(models) else models
    seen: dict[str, int] = {}
    columns, name, ends = list[_Column](), "", interval_ends(list(dict.fromkeys(statistics)))
    for at in range(count):
        first = next((text for text in statistics if text), "")
        if not statistics[at] or statistics[at] == first or models[at] or is_of_estimates(statistics[at]):
            name = models[at] or f"({at + 1})"
            seen[name] = seen.get(name, 0) + 1
            name = f"{name}__{seen[name]}" if seen[name] > 1 else name
        what = ends.get(statistics[at]) or _meaning(statistics[at])
        if statistics[at] and any(one.model == name and is_of_estimates(one.statistic) for one in columns):
            what = what or names.quantity(statistics[at])
        columns.append(_Column(name, statistics[at], what))
    return columns


def _meaning(heading: str) -> str:
    """Return what a heading says of its cells, the two ends of an interval too; empty for others."""
    return _STATISTICS.get(heading) or (end if (end := names.quantity(heading)) in ("ci_low", "ci_high") else "")


def is_of_estimates(heading: str) -> bool:
    """Tell whether a column's heading says that estimates stand in it, which are a model's first column."""
    return _STATISTICS.get(heading, "") == "estimate" or _STATISTICS.get(heading, "").endswith("_ratio")


def _same(cells: Sequence[str]) -> list[bool]:
    return [bool(re.fullmatch(r"\*?B \(CI\)\*?|\W*", cell)) for cell in cells]


def _goes_on(row: GridRow) -> bool:
    """Tell whether a row goes on with the term above: standard errors or intervals alone, without a label of words."""
    return not row.cells[0] or (_is_inner(row) and len(row.cells[0]) == 1)


def _is_inner(row: GridRow) -> bool:
    """Tell whether standard errors, intervals or p values, and nothing else, stand in the cells of a row."""
    cells = [cell for cell in row.cells[1:] if cell]
    return bool(cells) and all(_SE.fullmatch(cell) or _CI.fullmatch(cell) or _P.fullmatch(cell) for cell in cells)


def parts(cell: str) -> list[tuple[str, str]]:
    """Return what stands in a cell, each as quantity and text; empty if it is not understood.

    Examples
    --------
    >>> parts("2.068 (-1.35 - 5.48) ***"), parts("(0.21)"), parts("x")
    ([('estimate', '2.068'), ('ci_low', '-1.35'), ('ci_high', '5.48'), ('stars', '***')], [('se', '0.21')], [])
    """
    if found := _P.fullmatch(cell):
        return [("p", found[1] or found[2])]
    if found := _SE.fullmatch(cell):
        return [("se", found[1]), *_stars(found[2])]
    if found := _CI.fullmatch(cell):
        return [("ci_low", found[1]), ("ci_high", found[2]), *_stars(found[3])]
    if found := _PLAIN.fullmatch(cell):
        return [("estimate", found[1]), *_stars(found[2])]
    if found := re.match(rf"({_N}){_STARS}\s+(?=[\[(])|({_N}){_STARS}(?=[\[(])", cell):
        rest = parts(cell[found.end() :].strip())
        return [("estimate", found[1] or found[3]), *_stars(found[2] or found[4]), *rest] if rest else []
    return []


def interval(cell: str) -> list[tuple[str, str]]:
    """Return the two ends of ``7.4, 13.5`` or ``7.4 to 13.5`` without brackets; empty if it is not an interval.

    Examples
    --------
    >>> interval("-7.4, 13.5"), interval("7,400")
    ([('ci_low', '-7.4'), ('ci_high', '13.5')], [])
    """
    found = _RANGE.fullmatch(cell)
    return [("ci_low", found[1]), ("ci_high", found[2])] if found and not is_number(cell) else []


def _stars(text: str | None) -> list[tuple[str, str]]:
    return [("stars", text)] if text else []


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
            return (f"{id}.{slug(found[1])}",)
    found = _VARIANCE.fullmatch(text)
    return (_variance(found[1] or found[3], found[2] or found[4], single),) if found else ()


def _variance(what: str, rest: str, single: bool) -> str:
    """Return the id of ``Var: cntry (Intercept)``, ``Cov: cntry (Intercept) edu.cwc`` or ``SD (Intercept school)``."""
    quantity = {"Var": "variance", "Cov": "cov", "SD": "sd", "Cor": "corr"}[what]
    words = rest.replace("~", " ").split()
    if rest in ("Residual", "Observations"):
        return f"varcomp.residual.{quantity}" if single else f"{what.lower()}.residual"
    group, names = (words[0], words[1:]) if what in ("Var", "Cov") else (words[-1], words[:-1])
    name = "__".join(map(slug, names))
    return f"varcomp.{slug(group)}.{name}.{quantity}" if single else f"{what.lower()}.{slug(group)}.{name}"


def _add_cell(
    block: Block, row: GridRow, term: str, column: _Column, cell: str, table: _Table, fits: bool, below: int
) -> None:
    prefix = "" if table.single else f"{slug(column.model)}."
    label = f"{column.model} {column.statistic}".strip()
    if fits and (ids := fit_ids(term, table.single)):
        values = _fit_values(cell, ids)
        if not values:
            block.unread.append((row.line, f"{term} {cell}"))
        for id, text in values:
            block.add(text, prefix + id, term, column.model, row.line)
        return
    found = _statistic(column.what, cell)
    own = table.bracketed.get(below, "se")
    if not found or (own is None and any(name == "se" for name, _ in found)):
        block.unread.append((row.line, f"{term} {cell}"))
        return
    if table.single:
        prefix = "fixef." if table.mixed else "coef."
    tested = column.model in table.starred and not _UNTESTED.match(term)
    if found[0][0] == "estimate" and tested and not any(part[0] == "stars" for part in found):
        found.append(("stars", ""))
    name = ".".join(slug(re.sub(r"^(Constant|_cons)$", "(Intercept)", clean(part))) for part in term.split(_LEVEL))
    for quantity, text in found:
        what = own if quantity == "se" else quantity
        block.add(text, f"{prefix}{name}.{what}", term.replace(_LEVEL, " "), label, row.line)


_UNNAMED = {"Resid. Df", "Res.Df", "npar", "Df", "(Intercept)"}


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
        values = _fit_values(cell, fit_ids(heading, single=True))
        for id, text in values:
            block.add(text, id, "", heading, row.line)
        if not values and re.search(r"\d", cell):
            block.unread.append((row.line, cell))


def _fit_values(cell: str, ids: Sequence[str]) -> list[tuple[str, str]]:
    """Return the numbers of a cell in a row that tells of the fit, each with its id."""
    cell = re.sub(r"\s*\*+$", "", cell.strip())
    if len(ids) > 1 and (pair := _PAIR.fullmatch(cell)):
        return list(zip(ids, pair.groups(), strict=False))
    if is_number(cell):
        return [(ids[0], cell)]
    if found := re.fullmatch(rf"({_N})\s*\**\s*\(df ?= ?(\d+)(?:; ?(\d+))?\)", cell):
        return [(id, text) for id, text in zip(ids, found.groups(), strict=False) if text]
    if found := re.fullmatch(rf"({_N}) ([A-Za-z][\w.:]*)", cell):
        return [(f"{'n_groups' if ids[0] == 'n_obs' else ids[0]}.{slug(found[2])}", found[1])]
    return []


def _statistic(what: str, cell: str) -> list[tuple[str, str]]:
    """Return the parts of a cell below a heading that says what it is, or of any other cell."""
    if what in ("", "estimate"):
        return parts(cell)
    if what in ("ci", "std_ci"):
        found = _RANGE.fullmatch(cell.strip("()[] "))
        return [(f"{what}_low", found[1]), (f"{what}_high", found[2])] if found else []
    return [(what if name == "estimate" else name, text) for name, text in parts(cell)]


def of_page(cursor: Cursor, kind: str, signature: str) -> Block | None:
    """Read a table of a page if its labels or headings tell who made it.

    Parameters
    ----------
    cursor : Cursor
    kind : str
        The block's kind.
    signature : str
        Regular expression of a label or heading.
    """
    first = cursor.peek()
    assert first is not None
    grid, note = grids.without_notes(grids.of_cells(cursor))
    if not any(re.search(signature, cell) for row in grid for cell in row.cells):
        return None
    block = Block(kind, first.number, call=cursor.call(), heads={"note": note} if note else {})
    add(block, grid)
    return block if block.numbers else None


def of_text(cursor: Cursor, kind: str, signature: str) -> Block | None:
    """Read a table between rules of ``=`` if its labels tell who made it."""
    first = cursor.peek()
    assert first is not None
    grid, notes, unread = grids.of_ruled(cursor)
    if not any(re.search(signature, cell) for row in grid for cell in row.cells):
        return None
    block = Block(kind, first.number, call=cursor.call())
    add(block, grid)
    block.heads |= {"note": " ".join(note.text.strip() for note in notes)} if notes else {}
    block.unread += [(line.number, line.text) for line in unread]
    return block if block.numbers else None
