"""The aggregates of one data set: the only thing that passes from the originals to the twins.

Per group and block: number of rows, a frequency table per column, counts of missingness patterns, and the
integer cross-products of ``[1, cross columns]``. No rows.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np

from replications.twins import files
from replications.twins.recipe import Recipe

Constant = str | int | float | None
Margin = dict[int, int]  # code -> how many rows have it
Table = list[list[int]]  # the same in the file: pairs of code and count

MASK = 100  # what the mask in the code of a composite is multiplied by; the sum of a row's items stays below it


class BlockEntry(TypedDict):
    """A block in the file; ``products`` is the lower triangle. What is left out is as in `Block`'s defaults."""

    name: str
    n: int
    cross: list[str]
    free: list[str]
    margins: dict[str, Table]
    patterns: Table
    product_names: NotRequired[list[str]]
    products: NotRequired[list[list[int]]]
    rounding: NotRequired[int]
    told: NotRequired[bool]


class GroupEntry(TypedDict):
    """A group in the file."""

    name: str
    constants: dict[str, Constant]
    blocks: list[BlockEntry]
    items: NotRequired[dict[str, Table]]


class Document(TypedDict):
    """The file: a recipe, what was counted by it, and the sum of a rounded product over all groups."""

    recipe: Recipe
    groups: list[GroupEntry]
    total_product: NotRequired[int]


@dataclass(frozen=True)
class Column:
    """A level-1 column, stored as integer codes.

    For an ordinary column the code is ``value * scale``. For a composite (the row mean of those ``items``
    that are present) it is ``MASK * mask + sum``, where bit k of mask says that item k is present.
    """

    name: str
    scale: int = 1
    levels: tuple[int, ...] = ()
    items: tuple[str, ...] = ()

    def numeric(self, codes: np.ndarray) -> np.ndarray:
        """Codes -> the integers ``value * scale`` that enter the products. Always a new array."""
        codes = np.array(codes, dtype=np.int64)
        if not self.items:
            return codes
        mask, total = mask_and_sum(codes)
        present = sum((mask >> k) & 1 for k in range(len(self.items)))
        return self.scale * total // np.maximum(present, 1)

    def product_columns(self, codes: np.ndarray) -> dict[str, np.ndarray]:
        """Codes -> the integer columns that enter the products: one, or dummies for a categorical column."""
        if not self.levels:
            return {self.name: self.numeric(codes)}
        codes = np.asarray(codes)
        return {f"{self.name}#{level}": (codes == level).astype(np.int64) for level in self.levels[1:]}


@dataclass(frozen=True)
class Block:
    """One block of rows of one group (see `recipe`).

    Attributes
    ----------
    name : str
    n : int
        Number of rows.
    cross, free : tuple of str
        Columns between which products are kept, and all others; a block without cross columns has no products.
    margins : dict
        Column -> frequency table.
    patterns : dict
        How many rows have which of the free columns: bit k says that free column k is present.
    product_names : tuple of str
        "1", then the cross columns or their dummies.
    products : int64 array (k, k)
        Sums of products of these columns.
    rounding : int
        Half-width of the rounding of the off-diagonal product, 0 where it is exact.
    told : bool
        False where no product may be told at all; the generator then leaves the pairing to chance.
    """

    name: str
    n: int
    cross: tuple[str, ...]
    free: tuple[str, ...]
    margins: dict[str, Margin]
    patterns: dict[int, int]
    product_names: tuple[str, ...]
    products: np.ndarray
    rounding: int
    told: bool


@dataclass(frozen=True)
class Group:
    """One group: its constants, its blocks, and the margins of a composite's items."""

    name: str
    constants: dict[str, Constant]
    blocks: tuple[Block, ...]
    items: dict[str, Margin]

    @property
    def n(self) -> int:
        """Number of rows."""
        return sum(block.n for block in self.blocks)

    def block(self, name: str) -> Block | None:
        """Return the block of that name, None if the group has no such rows."""
        return next((block for block in self.blocks if block.name == name), None)


@dataclass(frozen=True)
class Aggregates:
    """A recipe, its columns as objects, the groups in order of first appearance, and the total product if kept."""

    recipe: Recipe
    columns: dict[str, Column]
    groups: tuple[Group, ...]
    total_product: int | None

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.recipe["dataset"]

    def scale(self, product_name: str) -> int:
        """Scale of a product column; dummies and the constant have scale 1."""
        return self.columns[product_name].scale if product_name in self.columns else 1


def mask_and_sum(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes of a composite -> which items are present (bit k for item k), and the sum of these."""
    return codes // MASK, codes % MASK


def columns_of(recipe: Recipe) -> dict[str, Column]:
    """Return the recipe's columns as `Column` objects."""
    return {
        c["name"]: Column(c["name"], c.get("scale", 1), tuple(c.get("levels", ())), tuple(c.get("items", ())))
        for c in recipe["columns"]
    }


def expand(margin: Margin) -> np.ndarray:
    """Frequency table -> sorted codes, each as often as it is counted."""
    codes = sorted(code for code, count in margin.items() if count)
    return np.repeat(np.array(codes, dtype=np.int64), [margin[code] for code in codes])


def _margin(table: Table) -> Margin:
    return {int(code): int(count) for code, count in table}


def _block(entry: BlockEntry) -> Block:
    triangle = entry.get("products", [])
    products = np.zeros((len(triangle), len(triangle)), dtype=np.int64)
    for i, row in enumerate(triangle):
        products[i, : i + 1] = products[: i + 1, i] = row
    return Block(
        name=entry["name"],
        n=entry["n"],
        cross=tuple(entry["cross"]),
        free=tuple(entry["free"]),
        margins={name: _margin(table) for name, table in entry["margins"].items()},
        patterns=_margin(entry["patterns"]),
        product_names=tuple(entry.get("product_names", ())),
        products=products,
        rounding=entry.get("rounding", 0),
        told=entry.get("told", True),
    )


def parse(document: Document) -> Aggregates:
    """Aggregates file as a dictionary -> objects."""
    groups = tuple(
        Group(
            name=entry["name"],
            constants=entry["constants"],
            blocks=tuple(map(_block, entry["blocks"])),
            items={name: _margin(table) for name, table in entry.get("items", {}).items()},
        )
        for entry in document["groups"]
    )
    recipe = document["recipe"]
    return Aggregates(recipe, columns_of(recipe), groups, document.get("total_product"))


def read_document(dataset: str) -> Document:
    """Read the committed aggregates file of a data set."""
    with gzip.open(files.aggregates_of(dataset), "rt", encoding="utf-8") as file:
        document: Document = json.load(file)
    return document


def read(dataset: str) -> Aggregates:
    """Read the committed aggregates of a data set."""
    return parse(read_document(dataset))


def write(dataset: str, document: Document) -> Path:
    """Write the aggregates file of a data set; return where it is."""
    path = files.aggregates_of(dataset)
    files.write_gzip(path, json.dumps(document, separators=(",", ":"), sort_keys=True).encode())
    return path
