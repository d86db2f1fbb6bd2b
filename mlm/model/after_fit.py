"""What can be asked of a linear and of a generalized mixed model alike, once it is fitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..fit.simulate import simulate
from ..inference.bootstrap import Bootstrap, bootstrap

__all__ = ["AfterFit"]


class AfterFit:
    """Methods that both kinds of mixed model have."""

    def simulate(self, n: int = 1, seed: Any = None, re_form: Any = False) -> np.ndarray:
        """Draw new responses from the model.

        Parameters
        ----------
        n : int
            How many.
        seed : int, numpy.random.Generator or None
            With a number the responses are the same each time; the first ones are the same for each `n`.
        re_form : {False, "NA", 0, None} or str
            Random effects that stay what the fit found: False (``"NA"``, 0), none, so that all are drawn anew, as by
            default in lme4; None, all; some of the formula's terms, such as ``"(1 | g)"``, these.

        Returns
        -------
        ndarray, shape (nobs, n)
            On the scale of the response as the formula has it; of a binomial model shares of successes among the
            trials. See `mlm.simulate`.

        Raises
        ------
        ArgumentError
            When `n` is no count, `seed` none, or `re_form` is unknown or keeps a part of a term.
        FitError
            When means are drawn that the family cannot have, or trials are no whole numbers.

        Examples
        --------
        >>> import mlm
        >>> m = mlm.lmer("y ~ 1 + (1 | g)", {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0], "g": list("aabbcc")})
        >>> m.simulate(2, seed=1).shape
        (6, 2)
        """
        return simulate(self, n, seed, re_form)

    def bootstrap(
        self,
        n: int = 1000,
        statistic: Callable[[Any], Any] | None = None,
        seed: Any = None,
        kind: str = "parametric",
        re_form: Any = False,
        group: str | None = None,
        progress: bool | None = None,
    ) -> Bootstrap:
        """Fit the model again and again, to responses drawn from it or to groups drawn from the data.

        Parameters
        ----------
        n : int
            Number of refits.
        statistic : callable, optional
            Takes a fitted model; by default all parameters are taken.
        seed : int, numpy.random.Generator or None
        kind : {"parametric", "groups"}
        re_form : {False, None} or str
            As for `simulate`.
        group : str, optional
            The grouping factor whose levels are drawn.
        progress : bool, optional

        Returns
        -------
        Bootstrap
            See `mlm.bootstrap`, which says what the arguments mean.

        Examples
        --------
        >>> import mlm
        >>> data = {"y": [1.0, 2.0, 4.0, 5.0, 7.0, 9.0, 3.0, 5.0], "g": list("aabbccdd")}
        >>> mlm.lmer("y ~ 1 + (1 | g)", data).bootstrap(50, seed=1).confint().shape
        (3, 2)
        """
        return bootstrap(self, n, statistic, seed, kind, re_form, group, progress)
