"""Rows -> aggregates. Used on the originals for what is kept of them, and on the twins by the tests."""

import json

import numpy as np
import pandas as pd

from replications.twins.aggregates import Column, columns_of
from replications.twins.disclosure import rounding_width

TOLERANCE = 0.05  # of one code: some files store values cut after a few decimals, so they miss the lattice a little


def _codes(values: pd.Series, scale: int) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype(float) * scale
    codes = numbers.round()
    off = int(((numbers - codes).abs() > TOLERANCE).sum())
    if off:
        raise ValueError(f"{values.name}: {off} values are no multiples of 1/{scale}; give the column another scale")
    return codes.astype("Int64")


def encode(data: pd.DataFrame, recipe: dict) -> pd.DataFrame:
    """Original or twin rows -> integer codes, one column per recipe column, plus items, group and constants."""
    group = data[recipe["group"]].astype(str)
    out = {recipe["group"]: group}
    for column in columns_of(recipe).values():
        if column.items:
            items = pd.DataFrame({item: _codes(data[item], 1) for item in column.items})
            mask = sum(items[item].notna().astype(int) * (1 << k) for k, item in enumerate(column.items))
            total = items.fillna(0).sum(axis=1)
            out[column.name] = (100 * mask + total).where(mask > 0).astype("Int64")
            out.update(items.items())
        else:
            codes = _codes(data[column.name], column.scale)
            only = recipe.get("only_in", {}).get(column.name)
            out[column.name] = codes if only is None else codes.where(group.isin(only))
    for name in recipe["constants"]:
        out[name] = data[name]
    return pd.DataFrame(out)


def _frequencies(codes: pd.Series) -> list[list[int]]:
    values, counts = np.unique(codes.dropna().to_numpy(np.int64), return_counts=True)
    return [[int(value), int(count)] for value, count in zip(values, counts, strict=True)]


def _patterns(rows: pd.DataFrame, free: list[str]) -> list[list[int]]:
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


def _round_product(block: dict, products: np.ndarray, rows: pd.DataFrame, rule: dict, fine: bool) -> None:
    """Replace the one product of a two-column block by a rounded one (or by its chance value, not told)."""
    x, y = (rows[name].to_numpy(float) for name in block["cross"])
    grade = rule["fine"] if fine else rule["coarse"]
    width = rounding_width(x, y / rule["unit"], grade["width"], grade["bits"])
    if width is None:
        by_chance = int(products[0, 1]) * int(products[0, 2]) / int(products[0, 0])
        products[1, 2] = products[2, 1] = round(by_chance)
        block["told"] = False
        return
    step = int(width * rule["unit"])
    products[1, 2] = products[2, 1] = round(int(products[1, 2]) / step) * step
    block["rounding"] = step // 2


def _tabulate_block(rows: pd.DataFrame, kind: dict, recipe: dict, group: str, total: list[int]) -> dict:
    columns = columns_of(recipe)
    cross = kind["cross"]
    only = recipe.get("only_in", {})
    free = [name for name in columns if name not in cross and group in only.get(name, [group])]
    block = {
        "name": kind["name"], "n": len(rows), "cross": cross, "free": free, "patterns": _patterns(rows, free),
        "margins": {name: _frequencies(rows[name]) for name in [*cross, *free]},
    }  # fmt: skip
    if cross:
        names, products = _products(rows, cross, columns)
        rule = recipe.get("rounding")
        if rule:
            total.append(int(products[1, 2]))
            _round_product(block, products, rows, rule, group in rule["fine_groups"])
        block["product_names"] = names
        block["products"] = [[int(products[i, j]) for j in range(i + 1)] for i in range(len(names))]
    return block


def _constants(rows: pd.DataFrame, recipe: dict, group: str) -> dict:
    out = {}
    for name in recipe["constants"]:
        found = rows[name].dropna().unique()
        if len(found) > 1:
            raise ValueError(f"{name} takes {len(found)} values within {recipe['group']} {group}; it is no constant")
        value = found[0] if len(found) else None
        number = isinstance(value, int | float | np.number)
        out[name] = int(value) if number and value == int(value) else (float(value) if number else value)
    return out


def tabulate(codes: pd.DataFrame, recipe: dict) -> dict:
    """Encoded rows (see `encode`) -> the aggregates document, ready for JSON.

    Groups are in order of first appearance. ``total_product`` is the sum of the exact products over all
    groups, to the recipe's ``total_width``, when single products are rounded.
    """
    groups, total = [], []
    for group, rows in codes.groupby(recipe["group"], sort=False):
        left = np.ones(len(rows), dtype=bool)
        blocks = []
        for kind in recipe.get("group_blocks", {}).get(group, recipe["blocks"]):
            take = left & rows[kind["cross"]].notna().all(axis=1).to_numpy()
            left &= ~take
            if take.any():
                blocks.append(_tabulate_block(rows[take], kind, recipe, group, total))
        entry = {"name": group, "constants": _constants(rows, recipe, group), "blocks": blocks}
        for column in columns_of(recipe).values():
            if column.items:
                entry["items"] = {item: _frequencies(rows[item]) for item in column.items}
        groups.append(entry)
    document = {"recipe": json.loads(json.dumps(recipe)), "groups": groups}
    if total:
        step = round(recipe["rounding"]["total_width"] * recipe["rounding"]["unit"])
        document["total_product"] = round(sum(total) / step) * step
    return document
