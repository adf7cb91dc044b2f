from . import a
from .b import late
