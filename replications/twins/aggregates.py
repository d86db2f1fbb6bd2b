"""The aggregates of one data set: the only thing that passes from the originals to the twins.

Per group and block: number of rows, a frequency table per column, counts of missingness patterns, and the
integer cross-products of ``[1, cross columns]``. No rows.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from replications import data

FOLDER = data.FOLDER / "aggregates"


@dataclass(frozen=True)
class Column:
    """A level-1 column, stored as integer codes.

    For an ordinary column the code is ``value * scale``. For a composite (the row mean of those ``items``
    that are present) it is ``100 * mask + sum``, where bit k of mask says that item k is present.
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
        mask, total = codes // 100, codes % 100
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
    """One block of rows of one group (see `recipes`).

    products : int64 array (k, k) over ``product_names``, the first of which is "1"; None without cross columns.
    rounding : half-width of the rounding of the off-diagonal product, 0 when exact.
    told : False when no product may be told at all; the generator then leaves the pairing to chance.
    """

    name: str
    n: int
    cross: tuple[str, ...]
    free: tuple[str, ...]
    margins: dict[str, dict[int, int]]
    patterns: dict[int, int]
    product_names: tuple[str, ...]
    products: np.ndarray | None
    rounding: int
    told: bool


@dataclass(frozen=True)
class Group:
    """One group: its constants, its blocks, and the margins of a composite's items."""

    name: str
    constants: dict[str, object]
    blocks: tuple[Block, ...]
    items: dict[str, dict[int, int]]

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

    recipe: dict
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


def columns_of(recipe: dict) -> dict[str, Column]:
    """Return the recipe's columns as `Column` objects."""
    return {
        c["name"]: Column(c["name"], c.get("scale", 1), tuple(c.get("levels", ())), tuple(c.get("items", ())))
        for c in recipe["columns"]
    }


def expand(margin: dict[int, int]) -> np.ndarray:
    """Frequency table -> sorted codes, each as often as it is counted."""
    codes = sorted(code for code, count in margin.items() if count)
    return np.repeat(np.array(codes, dtype=np.int64), [margin[code] for code in codes])


def _table(pairs: list) -> dict[int, int]:
    return {int(code): int(count) for code, count in pairs}


def _block(raw: dict) -> Block:
    triangle = raw.get("products")
    products = None
    if triangle:
        products = np.zeros((len(triangle), len(triangle)), dtype=np.int64)
        for i, row in enumerate(triangle):
            products[i, : i + 1] = products[: i + 1, i] = row
    return Block(
        raw["name"], raw["n"], tuple(raw["cross"]), tuple(raw["free"]),
        {name: _table(pairs) for name, pairs in raw["margins"].items()}, _table(raw["patterns"]),
        tuple(raw.get("product_names", ())), products, raw.get("rounding", 0), raw.get("told", True),
    )  # fmt: skip


def parse(document: dict) -> Aggregates:
    """Aggregates file as a dictionary -> objects."""
    groups = tuple(
        Group(
            g["name"], g["constants"], tuple(_block(b) for b in g["blocks"]),
            {name: _table(pairs) for name, pairs in g.get("items", {}).items()},
        )
        for g in document["groups"]
    )  # fmt: skip
    recipe = document["recipe"]
    return Aggregates(recipe, columns_of(recipe), groups, document.get("total_product"))


def path_of(dataset: str) -> Path:
    """Where the aggregates of a data set are stored."""
    return FOLDER / f"{dataset}.json.gz"


def read(dataset: str) -> Aggregates:
    """Read the committed aggregates of a data set."""
    with gzip.open(path_of(dataset), "rt", encoding="utf-8") as file:
        return parse(json.load(file))


def write_gzip(path: Path, content: bytes) -> None:
    """Write a gzip file whose bytes depend on the content alone (no name, no time stamp)."""
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(content)
