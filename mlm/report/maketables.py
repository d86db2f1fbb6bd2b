"""What the package maketables asks of a model, so that its tables take models of mlm without importing them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pandas as pd

__all__ = ["MaketablesFace"]

COLUMNS = MappingProxyType({"Estimate": "b", "Std. Error": "se"})
STATISTICS = MappingProxyType(
    {
        "N": "nobs",
        "ll": "loglik",
        "aic": "aic",
        "bic": "bic",
        "r2": "r_squared",
        "adj_r2": "adj_r_squared",
        "rmse": "sigma",
        "df_resid": "df_resid",
    }
)
"""Attributes of models by maketables' names."""


class MaketablesFace:
    """Attributes that maketables looks for."""

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        """Columns ``b``, ``se``, ``t``, ``p``, ``ci95l``, ``ci95u`` by term; of mixed models Satterthwaite's."""
        m: Any = self
        linear_mixed = hasattr(type(m), "ngrps") and not hasattr(m, "family")
        given = {"ddf": "satterthwaite"} if linear_mixed else {}
        table, limits = m.coefficients(**given), m.confint(**given)
        found = table.rename(columns=dict(COLUMNS))
        ratio = next(name for name in table.columns if name in ("t value", "z value"))
        tail = next((name for name in table.columns if name.startswith("Pr(")), None)
        found = found.rename(columns={ratio: "t", tail: "p"}).drop(columns="df", errors="ignore")
        limits = limits.loc[found.index]
        return found.assign(ci95l=limits.iloc[:, 0], ci95u=limits.iloc[:, 1]).rename_axis("Coefficient")

    def __maketables_stat__(self, key: str) -> Any:
        """Return a statistic by maketables' name; None where the model has none."""
        if key == "ngrps":
            groups = getattr(self, "ngrps", None)
            return None if groups is None else ", ".join(f"{name} {count:,}" for name, count in groups.items())
        return getattr(self, STATISTICS.get(key, key), None)

    @property
    def __maketables_depvar__(self) -> str:
        """Name of the response."""
        return str(self.response)  # type: ignore[attr-defined]

    @property
    def __maketables_stat_labels__(self) -> dict[str, str]:
        """How statistics are called."""
        return {"N": "Observations", "ll": "Log likelihood", "aic": "AIC", "bic": "BIC", "ngrps": "Groups"}

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        """Statistics that are shown when none are asked for."""
        mixed = hasattr(type(self), "ngrps")
        return ["N", "ngrps", "ll", "aic"] if mixed else ["N", "r2" if hasattr(self, "r_squared") else "aic"]
