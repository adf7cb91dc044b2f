from toolbox import deprecated

from . import constants

OLD = deprecated(1, __name__, "no longer", name="OLD")
