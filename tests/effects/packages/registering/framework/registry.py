import sys
import types


class Registry:
    def __init__(self, prefix):
        self.prefix = prefix
        sys.modules[prefix] = types.ModuleType(prefix)

    def add(self, name, alias=None):
        for key in filter(None, (name, alias)):
            self._put(key, types.ModuleType(name))
        return self

    def _put(self, name, module):
        sys.modules[f"{self.prefix}.{name}"] = module


def register(module=None, *, name="registered_by_default"):
    sys.modules[name] = module or sys.modules[__name__]
