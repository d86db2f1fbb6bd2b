"""Classes in the reference: functions make them, so that how they are constructed is not shown."""

from __future__ import annotations

from typing import Any


def without_constructor(
    _app: Any, what: str, _name: str, _thing: Any, _options: Any, _signature: str | None, _returns: str | None
) -> tuple[str, str] | None:
    """Return an empty signature for a class, and leave functions as they are.

    Examples
    --------
    >>> without_constructor(None, "class", "mlm.MixedModel", None, None, "(frame, terms)", None)
    ('', '')
    >>> without_constructor(None, "function", "mlm.lmer", None, None, "(formula, data)", None)
    """
    return ("", "") if what in ("class", "exception") else None


def setup(app: Any) -> dict[str, bool]:
    """Register with autodoc."""
    app.connect("autodoc-process-signature", without_constructor)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
