"""Models written to files, and read again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .errors import DataError
from .fit.stored import StoredFit, fit_from, generalized_fit_from
from .fit.stored_one_level import demand_estimate, demand_least_squares
from .frame.fit_call import FitCall
from .frame.model_frame import ModelFrame
from .glm import glm
from .glmer import glmer
from .likelihood.criterion import Evaluation
from .lm import lm
from .lmer import lmer
from .model.generalized_linear_model import GeneralizedLinearModel
from .model.generalized_mixed_model import GeneralizedMixedModel
from .model.linear_model import LinearModel
from .model.mixed_model import MixedModel
from .model.stored_file import DAMAGE, damaged, read_model
from .model.stored_types import demand_coefficients, demand_designs, demand_rows, demand_types
from .report.face import demand_model

__all__ = ["load", "save"]

Model = MixedModel | GeneralizedMixedModel | LinearModel | GeneralizedLinearModel
KINDS: dict[str, tuple[Any, Any]] = {
    kind.__name__: (kind, verb)
    for kind, verb in (
        *((MixedModel, lmer), (GeneralizedMixedModel, glmer)),
        *((LinearModel, lm), (GeneralizedLinearModel, glm)),
    )
}


def save(m: Model, path: Any) -> None:
    """Write a model to a file, as `MixedModel.save`.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import mlm
    >>> m = mlm.lm("y ~ x", {"y": [1.0, 2.1, 2.9, 4.2, 5.1], "x": [1, 2, 3, 4, 5]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mlm.save(m, pathlib.Path(folder) / "growth.mlm")
    ...     again = mlm.load(pathlib.Path(folder) / "growth.mlm")
    >>> str(again) == str(m)
    True
    """
    demand_model(m)
    m.save(path)


def load(path: Any) -> Model:
    """Read a model that ``m.save(path)`` wrote.

    Nothing is searched again, and no code is run: a file has values, of which only known kinds are made. A mixed
    model's criterion is computed once, at the theta of the file, and has to come out as it stands there; so have the
    estimates of `lm` and `glm`.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    MixedModel, GeneralizedMixedModel, LinearModel or GeneralizedLinearModel
        With the numbers and printouts of what was saved. Functions of the user's own are not in the file:
        ``with_functions`` gives them again. ``m.update(…, data=…)`` fits again, to data that are given.

    Raises
    ------
    ArgumentError
        When `path` is not the name of a file.
    DataError
        When there is no such file, or it is not a model, a damaged one, or one of a later version.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import mlm
    >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "groups.mlm"
    ...     mlm.lmer("y ~ 1 + (1 | g)", data).save(path)
    ...     m = mlm.load(path)
    >>> m.predict({"g": ["c"]}).round(2).tolist()
    [7.84]
    """
    name, content = read_model(path)
    if name not in KINDS:
        raise DataError(f"{str(path)!r} has a model of a kind that this version of mlm does not know: {name!r}.")
    kind, verb = KINDS[name]
    try:
        options, frame = content.pop("options"), content.pop("frame")
        _demand_whole(frame, options)
        frame = replace(frame, origin=None if options is None else FitCall(verb, None, options))
        return _made(kind, frame, content)
    except DAMAGE as error:
        raise damaged(path, error) from None


def _demand_whole(frame: Any, options: Any) -> None:
    """Refuse what is not a frame, or one that does not hold together."""
    if not isinstance(frame, ModelFrame) or not isinstance(options, dict | None):
        raise TypeError("the frame or the options are none")
    demand_rows(frame)
    demand_designs(frame)


def _made(kind: Any, frame: ModelFrame, content: dict[str, Any]) -> Model:
    if kind not in (MixedModel, GeneralizedMixedModel):
        demand_types(kind, content)
        demand_coefficients(frame, content["beta"], content["covariance"])
        (demand_least_squares if kind is LinearModel else demand_estimate)(frame, content)
        found: Model = kind(frame=frame, **content)
        return found
    demand_types(StoredFit, content)
    if kind is GeneralizedMixedModel:
        return generalized_fit_from(GeneralizedMixedModel, frame, content)
    demand_types(Evaluation, content["at"])
    demand_coefficients(frame, content["at"]["beta"], content["at"]["unscaled"])
    return fit_from(MixedModel, frame, content)
