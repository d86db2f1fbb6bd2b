"""The families by their names."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, brief, is_number, suggest
from .continuous import CONTINUOUS
from .counts import COUNTS
from .distribution import Family
from .link import LINKS

__all__ = ["FAMILIES", "Family", "make_family"]

FAMILIES: dict[str, type[Family]] = {kind.name: kind for kind in (*COUNTS, *CONTINUOUS)}
OVERDISPERSED = "negative.binomial"
# What other programs call them.
ELSEWHERE = {
    OVERDISPERSED: ("nbinom2", "nbinom", "negbin", "negbinomial", "negativebinomial", "nb"),
    "binomial": ("bernoulli",),
    "gaussian": ("normal",),
}
QUASI = {"quasibinomial": "binomial", "quasipoisson": "poisson", "quasi": "gaussian"}


def make_family(name: str, link: str | None = None, theta: float | None = None) -> Family:
    """Return a family by its name.

    Parameters
    ----------
    name : str
        R's name: ``"binomial"``, ``"poisson"``, ``"Gamma"``, ``"inverse.gaussian"``, ``"gaussian"``,
        ``"negative.binomial"``.
    link : str, optional
        By default the family's own.
    theta : float, optional
        Of the negative binomial family.

    Returns
    -------
    Family

    Raises
    ------
    ArgumentError
        When there is no such family, the family has no such link, or `theta` is not a positive number.

    Examples
    --------
    >>> make_family("poisson").link.name, make_family("binomial", "probit").link.name
    ('log', 'probit')
    """
    if not isinstance(name, str):
        raise ArgumentError(f'`family` is a name in quotes, such as "binomial"; got {type(name).__name__}.')
    if name in QUASI:
        raise ArgumentError(
            f"`family` cannot be {name!r}: quasi families have no likelihood to maximise. Fit family="
            f"{QUASI[name]!r}; for counts that vary more than it allows, add a random effect for each row or take "
            f"family={OVERDISPERSED!r}."
        )
    if name not in FAMILIES:
        plain = name.lower().replace("_", "").replace(".", "").replace(" ", "")
        meant = next((own for own, others in ELSEWHERE.items() if plain in others), name)
        hint = suggest(name, FAMILIES) if meant == name else f" Did you mean {meant!r}?"
        raise ArgumentError(f"There is no family {name!r}.{hint} There are: {', '.join(FAMILIES)}.")
    kind = FAMILIES[name]
    chosen = kind.links[0] if link is None else link
    if not isinstance(chosen, str) or chosen not in kind.links:
        hint = suggest(chosen, kind.links) if isinstance(chosen, str) else ""
        raise ArgumentError(f"The {name} family has no link {chosen!r}.{hint} It has: {', '.join(kind.links)}.")
    if theta is not None and name != OVERDISPERSED:
        raise ArgumentError(f"The {name} family has no theta; it is of family={OVERDISPERSED!r}.")
    if theta is not None and not (is_number(theta) and 0 < float(theta) < np.inf):
        raise ArgumentError(f"`theta` is a positive number; got {brief(theta)}.")
    return kind(LINKS[chosen], None if theta is None else float(theta))
