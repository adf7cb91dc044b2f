from typing import TYPE_CHECKING

from .utils import OptionalDependencyNotAvailable, _LazyModule, is_accelerator_available

_import_structure = {"configuration": ["Config"], "small": ["SmallModel"], "utils": []}

try:
    if not is_accelerator_available():
        raise OptionalDependencyNotAvailable()
except OptionalDependencyNotAvailable:
    from .utils import dummies

    _import_structure["utils.dummies"] = [name for name in dir(dummies) if not name.startswith("_")]
else:
    _import_structure["fast"] = ["FastModel"]

if TYPE_CHECKING:
    from .configuration import Config
    from .fast import FastModel
    from .small import SmallModel
else:
    import sys

    sys.modules[__name__] = _LazyModule(__name__, globals()["__file__"], _import_structure, module_spec=__spec__)
