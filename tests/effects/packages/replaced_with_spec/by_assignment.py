import sys
import types


class Quiet(types.ModuleType):
    pass


old = sys.modules[__name__]
new = Quiet(__name__)
new.__spec__ = old.__spec__
sys.modules[__name__] = new
