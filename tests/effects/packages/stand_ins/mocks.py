import sys
from types import SimpleNamespace


class Anything:
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()


sys.modules["simple"] = SimpleNamespace(__name__="simple", value=1)
sys.modules["anything"] = Anything()
from anything import something
from simple import value

try:
    from simple import missing
except ImportError:
    import without_missing
