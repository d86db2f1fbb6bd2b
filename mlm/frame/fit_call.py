"""The call that made a fit, as R keeps it: which function, of what data, with which options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any, Self

import numpy as np

from ..errors import ArgumentError, FitError, suggest
from ..language.formula import Formula, parse
from ..language.tree import Name, spell

__all__ = ["FitCall"]

# Arguments that are said in other words, or of one search only.
NOT_CARRIED = ("formula", "data", "start", "verbose")


@dataclass(frozen=True, slots=True, eq=False)
class FitCall:
    """A call of `lmer`, `glmer`, `lm` or `glm` that can be made again with changes.

    Copies of a model share it. A pickled one has neither the data nor functions of the user's.

    Attributes
    ----------
    verb : callable
    data : data frame, or None
        As it was given: a reference, no copy.
    options : mapping
        The other arguments, but for those of the search.
    """

    verb: Callable[..., Any]
    data: Any
    options: Mapping[str, Any]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        kept = {name: value for name, value in self.options.items() if name != "functions"}
        return FitCall, (self.verb, None, kept)

    @property
    def plain_options(self) -> dict[str, Any] | None:
        """The options as texts, numbers and arrays, without functions; None where one has no such form."""
        kept = {name: value for name, value in self.options.items() if name != "functions"}
        try:
            for name in ("weights", "offset"):
                kept[name] = _plain(kept[name]) if name in kept else None
            kept["contrasts"] = {k: _plain(v) for k, v in (kept["contrasts"] or {}).items()}
        except (TypeError, ValueError, AttributeError):
            return None
        return {name: value for name, value in kept.items() if value is not None}

    def with_functions(self, functions: Mapping[str, Callable[..., Any]]) -> Self:
        """Return the call with functions of the user's given again."""
        return replace(self, options={**self.options, "functions": functions})

    def again(self, formula: str, data: Any, changes: Mapping[str, Any]) -> Any:
        """Make the call with another formula, other data or other options.

        Raises
        ------
        ArgumentError
            For an option that the function does not have.
        FitError
            When there are no data.
        """
        known = [name for name in signature(self.verb).parameters if name not in ("formula", "data", "others")]
        for name in changes:
            if name not in known:
                raise ArgumentError(
                    f"update has no option {name!r}: it takes those of {self.verb.__name__}, {', '.join(known)}."
                    f"{suggest(name, known)}"
                )
        options = {name: value for name, value in self.options.items() if name not in NOT_CARRIED}
        if options.get("contrasts") is not None and "contrasts" not in changes:
            options["contrasts"] = _of_variables(options["contrasts"], parse(formula))
        if "REML" in changes:
            options.pop("reml", None)
        if "solver" in changes:
            options = {name: value for name, value in options.items() if name not in ("probes", "seed")}
        if "family" in changes:
            options.pop("link", None)
        if data is not None:
            options.pop("data_name", None)
        elif self.data is None:
            raise FitError("This model was loaded, and came without its data: give them, update(…, data=…).")
        return self.verb(formula, self.data if data is None else data, **{**options, **changes})


def _of_variables(contrasts: Mapping[str, Any], formula: Formula) -> dict[str, Any]:
    """Contrasts without those of variables that are no longer in the fixed part."""
    nodes = formula.fixed.variables
    there = {spell(node) for node in nodes} | {node.name for node in nodes if isinstance(node, Name)}
    return {name: value for name, value in contrasts.items() if name in there or formula.has_dot}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else np.asarray(value, dtype=float)
