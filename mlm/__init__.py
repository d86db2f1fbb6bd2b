"""mlm: multilevel (mixed-effects) models in NumPy and SciPy, with the names that users of lme4 know.

The public names are listed once, in ``__init__.pyi``; each is loaded when it is first asked for.
"""

import lazy_loader

from . import errors as errors

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
