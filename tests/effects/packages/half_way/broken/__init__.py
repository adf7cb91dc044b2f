from . import first
from .second import value

raise RuntimeError("not here")
