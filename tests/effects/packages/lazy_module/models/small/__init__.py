import sys

from ..utils import _LazyModule

_import_structure = {"modeling": ["SmallModel"]}
sys.modules[__name__] = _LazyModule(__name__, __file__, _import_structure)
