"""Rows -> aggregates: for the originals, what is kept of them; for the twins, the proof that they have the same."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd

from replications.errors import TwinError
from replications.twins.aggregates import (
    MASK,
    BlockEntry,
    Column,
    Constant,
    Document,
    GroupEntry,
    Table,
    columns_of,
)
from replications.twins.disclosure import rounding_width
from replications.twins.recipe import BlockSpec, Recipe, Rounding

OFF = 0.05  # of one code: some files store values cut after a few decimals, so they miss the lattice a little


def _codes(values: pd.Series, scale: int) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype(float) * scale
    codes = numbers.round()
    off = int(((numbers - codes).abs() > OFF).sum())
    if off:
        raise TwinError(f"{values.name}: {off} values are not multiples of 1/{scale}; give the column another scale")
    return codes.astype("Int64")


def encode(data: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Original or twin rows -> integer codes, one column per recipe column, plus items, group and constants."""
    group = data[recipe["group"]].astype(str)
    out = {recipe["group"]: group}
    for column in columns_of(recipe).values():
        if column.items:
            items = pd.DataFrame({item: _codes(data[item], 1) for item in column.items})
            mask = sum(items[item].notna().astype(int) * (1 << k) for k, item in enumerate(column.items))
            total = items.fillna(0).sum(axis=1)
            out[column.name] = (MASK * mask + total).where(mask > 0).astype("Int64")
            out.update(items.items())
        else:
            codes = _codes(data[column.name], column.scale)
            only = recipe.get("only_in", {}).get(column.name)
            out[column.name] = codes if only is None else codes.where(group.isin(only))
    for name in recipe["constants"]:
        out[name] = data[name]
    return pd.DataFrame(out)


def _frequencies(codes: pd.Series) -> Table:
    values, counts = np.unique(codes.dropna().to_numpy(np.int64), return_counts=True)
    return [[int(value), int(count)] for value, count in zip(values, counts, strict=True)]


def _patterns(rows: pd.DataFrame, free: list[str]) -> Table:
    if not free:
        return []
    bits = sum(rows[name].notna().to_numpy().astype(int) << k for k, name in enumerate(free))
    values, counts = np.unique(bits, return_counts=True)
    return [[int(value), int(count)] for value, count in zip(values, counts, strict=True)]


def _products(rows: pd.DataFrame, cross: list[str], columns: dict[str, Column]) -> tuple[list[str], np.ndarray]:
    parts = {"1": np.ones(len(rows), np.int64)}
    for name in cross:
        parts.update(columns[name].product_columns(rows[name].to_numpy(np.int64)))
    matrix = np.column_stack(list(parts.values()))
    return list(parts), matrix.T @ matrix


def _rounded(product: int, x: np.ndarray, y: np.ndarray, rule: Rounding, fine: bool) -> tuple[int, int] | None:
    """Return the product of x and y to the width that may be told, and half of it; None if nothing may be told."""
    grade = rule["fine"] if fine else rule["coarse"]
    width = rounding_width(x, y / rule["unit"], grade["width"], grade["bits"])
    if width is None:
        return None
    step = int(width * rule["unit"])
    return round(product / step) * step, step // 2


def _round_product(entry: BlockEntry, products: np.ndarray, rows: pd.DataFrame, rule: Rounding, fine: bool) -> None:
    """Replace the one product of a two-column block by a rounded one, or by its chance value where it is not told."""
    x, y = (rows[name].to_numpy(float) for name in entry["cross"])
    rounded = _rounded(int(products[1, 2]), x, y, rule, fine)
    if rounded is None:
        told = round(int(products[0, 1]) * int(products[0, 2]) / int(products[0, 0]))
        entry["told"] = False
    else:
        told, entry["rounding"] = rounded
    products[1, 2] = products[2, 1] = told


def _tabulate_block(rows: pd.DataFrame, kind: BlockSpec, recipe: Recipe, group: str) -> tuple[BlockEntry, int]:
    """Return one block of a group, and its exact product where a rounded one is told (0 elsewhere)."""
    columns, cross, only = columns_of(recipe), kind["cross"], recipe.get("only_in", {})
    free = [name for name in columns if name not in cross and group in only.get(name, [group])]
    entry = BlockEntry(
        name=kind["name"],
        n=len(rows),
        cross=cross,
        free=free,
        patterns=_patterns(rows, free),
        margins={name: _frequencies(rows[name]) for name in [*cross, *free]},
    )
    exact = 0
    if cross:
        names, products = _products(rows, cross, columns)
        rule = recipe.get("rounding")
        if rule:
            exact = int(products[1, 2])
            _round_product(entry, products, rows, rule, group in rule["fine_groups"])
        entry["product_names"] = names
        entry["products"] = [[int(products[i, j]) for j in range(i + 1)] for i in range(len(names))]
    return entry, exact


def _constants(rows: pd.DataFrame, recipe: Recipe, group: str) -> dict[str, Constant]:
    out: dict[str, Constant] = {}
    for name in recipe["constants"]:
        found = rows[name].dropna().unique()
        if len(found) > 1:
            raise TwinError(f"{name} takes {len(found)} values within {recipe['group']} {group}; it is not a constant")
        value = found[0] if len(found) else None
        if isinstance(value, int | float | np.number):
            value = int(value) if value == int(value) else float(value)
        out[name] = value
    return out


def _tabulate_group(rows: pd.DataFrame, recipe: Recipe, group: str) -> tuple[GroupEntry, int]:
    """Return one group, and the sum of the exact products of its blocks where rounded ones are told."""
    left = np.ones(len(rows), dtype=bool)
    blocks, exact = [], 0
    for kind in recipe.get("group_blocks", {}).get(group, recipe["blocks"]):
        take = left & rows[kind["cross"]].notna().all(axis=1).to_numpy()
        left &= ~take
        if take.any():
            block, product = _tabulate_block(rows[take], kind, recipe, group)
            blocks.append(block)
            exact += product
    entry = GroupEntry(name=group, constants=_constants(rows, recipe, group), blocks=blocks)
    for column in columns_of(recipe).values():
        if column.items:
            entry["items"] = {item: _frequencies(rows[item]) for item in column.items}
    return entry, exact


def tabulate(codes: pd.DataFrame, recipe: Recipe) -> Document:
    """Encoded rows (see `encode`) -> the aggregates document, ready for JSON.

    Groups are in order of first appearance. ``total_product`` is the sum of the exact products over all
    groups, to the recipe's ``total_width``, when single products are rounded.

    Raises
    ------
    TwinError
        If a constant takes several values within a group.
    """
    found = [_tabulate_group(rows, recipe, group) for group, rows in codes.groupby(recipe["group"], sort=False)]
    document = Document(recipe=copy.deepcopy(recipe), groups=[entry for entry, _ in found])
    rule = recipe.get("rounding")
    if rule:
        step = round(rule["total_width"] * rule["unit"])
        document["total_product"] = round(sum(exact for _, exact in found) / step) * step
    return document
