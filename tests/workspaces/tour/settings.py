"""Settings that are loaded when they are first read."""

import sys
import types


class LazySettings(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return "the value of " + name


# `ModuleType.__init__` sets `__spec__` to None, and nobody hands the real one on.
sys.modules[__name__] = LazySettings(__name__)
