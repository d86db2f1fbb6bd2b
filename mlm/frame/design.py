"""Model matrices: from the terms of a formula and a table to columns, and again on new data.

Terms that are plain numeric columns, and their products, are taken straight from the table; everything else
(categories, transformations, splines) is `formulaic`'s work. Either way the recipe is kept and can be replayed.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache

import formulaic
import numpy as np
import pandas as pd
from formulaic.errors import DataMismatchWarning, FormulaicError
from formulaic.parser.types import Factor
from formulaic.utils.code import sanitize_variable_names

from ..errors import DataError, suggest
from .table import Table

CODED = re.compile(r"\[(?:T\.)?([^\]]*)\]")  # formulaic's f[T.B] and f[B], which R calls fB
NUMPY_SCALAR = re.compile(r"np\.\w+\(([^)]*)\)")  # in formulaic's messages
INTERCEPT = "(Intercept)"
CATEGORICAL = ("C(", "factor(", "hashed(")  # transformations that take integers for names of categories

# Kinds of columns by the letters of NumPy's `dtype.kind`, as `Table.kind` tells them. Truth values are formulaic's work
# in a fit; in new data they may stand for the numbers 0 and 1. Strings and categories are objects.
FLOATS, INTEGERS, TRUTH_VALUES, OBJECTS = "f", "iu", "b", "O"
NUMBERS = FLOATS + INTEGERS

LOOKUP, LITERAL = Factor.EvalMethod.LOOKUP, Factor.EvalMethod.LITERAL
MODULES = {"np", "contr"}
CONTEXT = {"np": np, "sqrt": np.sqrt, "abs": np.abs, "factor": formulaic.transforms.TRANSFORMS["C"]}


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Named columns, each a product of arrays of one length; nothing of size rows x columns is built unasked.

    Attributes
    ----------
    names : tuple of str
        One name a column, spelled as in R: ``"(Intercept)"``, ``"x:z"``, ``"fB"``.
    factors : tuple of tuple of ndarray
        The arrays, each of shape (n,), whose product is the column.
    n : int
        Number of rows.
    """

    names: tuple[str, ...]
    factors: tuple[tuple[np.ndarray, ...], ...]
    n: int

    def fill(self, out: np.ndarray, start: int = 0, stop: int | None = None) -> None:
        """Write rows start … stop into `out`, shape (columns, rows)."""
        for row, arrays in zip(out, self.factors, strict=True):
            row[...] = arrays[0][start:stop]
            for array in arrays[1:]:
                row *= array[start:stop]

    def matrix(self) -> np.ndarray:
        """Return all columns as one array of shape (n, columns)."""
        out = np.empty((len(self.names), self.n))
        self.fill(out)
        return out.T

    def select(self, keep: list[int]) -> Columns:
        """Return the columns at these positions."""
        return Columns(tuple(self.names[k] for k in keep), tuple(self.factors[k] for k in keep), self.n)

    def is_one(self, k: int) -> bool:
        """Whether column `k` is the constant 1, stored as a single number."""
        return len(self.factors[k]) == 1 and self.factors[k][0].strides == (0,)


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The recipe for a model matrix.

    Attributes
    ----------
    terms : formulaic.SimpleFormula
        What the formula says.
    names : tuple of str
        The columns it makes.
    spec : formulaic.ModelSpec or None
        formulaic's own recipe; None when all terms are products of numeric columns.
    keep : tuple of int or None
        Positions of the columns in use, when some were dropped as dependent on others.
    """

    terms: formulaic.SimpleFormula
    names: tuple[str, ...]
    spec: formulaic.ModelSpec | None
    keep: tuple[int, ...] | None = None

    def replay(self, table: Table) -> Columns:
        """Make the same columns from new data.

        Raises
        ------
        DataError
            When a column is missing, or a category was not there when the model was fitted.
        """
        for name in variables(self.terms):
            if name not in table:
                raise DataError(
                    f"The new data have no column {name!r}, which the model uses.{suggest(name, table.frame.columns)}"
                )
        columns = _coded_columns(self.spec, table) if self.spec is not None else self._replay_numbers(table)
        return columns if self.keep is None else columns.select(list(self.keep))

    def _replay_numbers(self, table: Table) -> Columns:
        columns = _numeric_columns(self.terms, table, NUMBERS + TRUTH_VALUES)
        if columns is None:
            expr = next(n for n in variables(self.terms) if table.kind(n) not in NUMBERS + TRUTH_VALUES)
            raise DataError(f"The column {expr!r} of the new data is not numeric, as it was in the fit.")
        return columns

    def without(self, dropped: list[int]) -> Design:
        """Return the recipe that leaves these columns out."""
        keep = tuple(k for k in range(len(self.names)) if k not in dropped)
        return Design(self.terms, tuple(self.names[k] for k in keep), self.spec, keep)


def build(terms: formulaic.SimpleFormula, table: Table) -> tuple[Design, Columns]:
    """Make the model matrix of some terms on a table without missing values.

    Parameters
    ----------
    terms : formulaic.SimpleFormula
    table : Table
        Rows without missing values in the variables used.

    Returns
    -------
    Design, Columns

    Raises
    ------
    DataError
        When a transformation fails, or gives infinite or undefined values.
    """
    columns = _numeric_columns(terms, table)
    if columns is not None:
        return Design(terms, columns.names, None), columns
    _demand_plain_types(terms, table)
    spec = formulaic.ModelSpec(formula=terms, output="numpy", na_action="ignore")
    matrix = _materialise(spec, table)
    columns = _as_columns(matrix.model_spec, np.asarray(matrix, dtype=float))
    _demand_finite(columns)
    return Design(terms, columns.names, matrix.model_spec), columns


def variables(terms: formulaic.SimpleFormula) -> list[str]:
    """Names of the table's columns that the terms use, in the order of the formula."""
    factors = dict.fromkeys((f.expr, f.eval_method.value) for term in terms for f in term.factors)
    return list(dict.fromkeys(name for factor in factors for name in _variables_of(*factor)))


def _variables_of(expr: str, method: str) -> list[str]:
    """Columns behind one factor: a name, or all names in an expression but those of functions and modules."""
    if method != "python":
        return [expr] if method == "lookup" else []
    names: dict[str, str] = {}
    tree = ast.parse(sanitize_variable_names(expr, {}, names), mode="eval")
    nodes = list(ast.walk(tree))
    functions = {id(n.func) for n in nodes if isinstance(n, ast.Call)}
    functions |= {id(n.value) for n in nodes if isinstance(n, ast.Attribute) and ast.unparse(n.value) in MODULES}
    found = [n for n in nodes if isinstance(n, ast.Name) and id(n) not in functions]
    return [names.get(n.id, n.id) for n in sorted(found, key=lambda n: n.col_offset)]


def dependent_columns(matrix: np.ndarray, tolerance: float = 1e-7) -> list[int]:
    """Positions of the columns that depend linearly on columns to their left.

    Parameters
    ----------
    matrix : ndarray, shape (n, p)
    tolerance : float
        A column counts as dependent when less than this share of its length is new (R's `lm` uses 1e-7).

    Examples
    --------
    >>> dependent_columns(np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 1.0], [1.0, 2.0, 5.0]]))
    [1]
    """
    # divided by its largest element first, a column's squares can neither overflow nor vanish
    largest = np.maximum.reduce(np.abs(matrix), axis=0, initial=0.0)
    scaled = matrix / np.where(largest > 0, largest, 1.0)
    length = np.sqrt(np.einsum("ij,ij->j", scaled, scaled))
    scaled /= np.where(length > 0, length, 1.0)
    rest = np.asarray(np.linalg.qr(scaled, mode="r"))
    dropped: list[int] = []
    for k in range(rest.shape[1]):
        # rows from `rank` on hold what is new beside the columns kept; in this column, nothing stands below row k
        rank = k - len(dropped)
        new = rest[rank : k + 1, k].copy()
        size = float(np.sqrt(new @ new))
        if size < tolerance:
            dropped.append(k)
        elif len(new) > 1:  # reflect it onto row `rank` (Householder), and the columns to its right with it
            new[0] += np.copysign(size, new[0])
            right = rest[rank : k + 1, k + 1 :]
            right -= np.outer(new * (2.0 / (new @ new)), new @ right)
    return dropped


def _demand_plain_types(terms: formulaic.SimpleFormula, table: Table) -> None:
    """Refuse columns that are neither numbers nor categories: dates, complex numbers, mixed objects."""
    for name in variables(terms):
        if name not in table or table.kind(name) in NUMBERS + TRUTH_VALUES:
            continue
        holds = pd.api.types.infer_dtype(table[name])
        if holds not in ("string", "boolean", "categorical", "interval", "period"):
            raise DataError(
                f"The predictor {name!r} is neither numeric nor categorical: it holds {holds} values (dtype "
                f"{table[name].dtype}); convert it first, for example with .astype(float) or .astype('category')."
            )


@lru_cache(maxsize=32)  # numbers of rows; an entry is a single number
def _ones(n: int) -> np.ndarray:
    """The constant 1, stored as a single number that nobody can change."""
    return np.broadcast_to(np.float64(1.0), (n,))


def _numeric_columns(terms: formulaic.SimpleFormula, table: Table, kinds: str = NUMBERS) -> Columns | None:
    """Make columns of products of columns of these kinds; None where a term has another factor."""
    one = _ones(table.n)
    names, arrays = [], []
    for term in terms:
        mine = []
        for factor in term.factors:
            name, method = factor.expr, factor.eval_method
            if method is LOOKUP and name in table and table.kind(name) in kinds:
                mine.append(table.values(name))
            elif method is LITERAL and name == "1":
                mine.append(one)
            else:
                return None
        names.append(INTERCEPT if mine[0] is one and len(mine) == 1 else ":".join(f.expr for f in term.factors))
        arrays.append(tuple(mine))
    return Columns(tuple(names), tuple(arrays), table.n)


def _materialise(spec: formulaic.ModelSpec, table: Table) -> formulaic.ModelMatrix:
    try:
        table = _wide_integers(spec.formula, table)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            # a category that the fit has not seen would silently get the reference level's prediction
            warnings.simplefilter("error", DataMismatchWarning)
            return spec.get_model_matrix(table.frame, context=CONTEXT)
    except DataMismatchWarning as error:
        seen = NUMPY_SCALAR.sub(r"\1", str(error).partition(": ")[2].partition("}")[0] + "}")
        raise DataError(f"The new data have categories that the fit has not seen: {seen}.") from error
    except (FormulaicError, NameError, TypeError, ValueError, KeyError) as error:
        raise DataError(f"The terms '{spec.formula}' cannot be computed: {error}") from error


def _wide_integers(terms: formulaic.SimpleFormula, table: Table) -> Table:
    """Turn integers that are computed with into floats: as in R, their powers and products must not overflow."""
    computed = [
        name
        for factor in {f.expr: f for term in terms for f in term.factors}.values()
        if not factor.expr.startswith(CATEGORICAL)
        for name in _variables_of(factor.expr, factor.eval_method.value)
        if name in table and table.kind(name) in INTEGERS
    ]
    wide = {name: table.values(name).astype(float) for name in computed}
    return Table(table.frame.assign(**wide)) if computed else table


def _coded_columns(spec: formulaic.ModelSpec, table: Table) -> Columns:
    return _as_columns(spec, np.asarray(_materialise(spec, table), dtype=float))


def _as_columns(spec: formulaic.ModelSpec, matrix: np.ndarray) -> Columns:
    ones = {k for term, columns in spec.term_indices.items() if str(term) == "1" for k in columns}
    names = tuple(INTERCEPT if k in ones else CODED.sub(r"\1", c) for k, c in enumerate(spec.column_names))
    matrix = np.asfortranarray(matrix)
    n = matrix.shape[0]
    one = _ones(n)
    arrays = tuple((one if k in ones else matrix[:, k],) for k in range(len(names)))
    return Columns(names, arrays, n)


def _demand_finite(columns: Columns) -> None:
    for name, (array,) in zip(columns.names, columns.factors, strict=True):
        bad = int((~np.isfinite(array)).sum()) if not np.isfinite(array.sum()) else 0
        if bad:
            raise DataError(
                f"{name!r} is infinite or undefined in {bad} of {columns.n} rows; filter these rows or change the term."
            )
