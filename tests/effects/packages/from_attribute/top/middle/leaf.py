from . import sibling
from ..other import value
