import sys
import types
from importlib.util import spec_from_loader


class _Lazy(object):
    def __init__(self, name):
        self.name = name

    def __get__(self, obj, tp):
        result = self._resolve()
        setattr(obj, self.name, result)
        return result


class MovedModule(_Lazy):
    def __init__(self, name, target):
        super(MovedModule, self).__init__(name)
        self.target = target

    def _resolve(self):
        __import__(self.target)
        return sys.modules[self.target]


class _Importer(object):
    def __init__(self, name):
        self.name = name
        self.known = {}

    def _add(self, module, *names):
        for name in names:
            self.known[self.name + "." + name] = module

    def find_spec(self, fullname, path, target=None):
        if fullname in self.known:
            return spec_from_loader(fullname, self)
        return None

    def create_module(self, spec):
        module = self.known[spec.name]
        if isinstance(module, MovedModule):
            module = module._resolve()
        else:
            module.__loader__ = self
        return module

    def exec_module(self, module):
        pass


_importer = _Importer(__name__)


class _Moved(types.ModuleType):
    __path__ = []


_attributes = [MovedModule("parsing", "moves_target.parsing"), MovedModule("unused", "moves_target.unused")]
for attribute in _attributes:
    setattr(_Moved, attribute.name, attribute)
    if isinstance(attribute, MovedModule):
        _importer._add(attribute, "renamed." + attribute.name)
del attribute

renamed = _Moved(__name__ + ".renamed")
_importer._add(renamed, "renamed")

__path__ = []
__package__ = __name__
if globals().get("__spec__") is not None:
    __spec__.submodule_search_locations = []
if sys.meta_path:
    for i, importer in enumerate(sys.meta_path):
        if type(importer).__name__ == "_Importer" and importer.name == __name__:
            del sys.meta_path[i]
            break
    del i, importer
sys.meta_path.append(_importer)
