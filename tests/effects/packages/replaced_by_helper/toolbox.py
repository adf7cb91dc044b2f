import sys
import types


class _Deprecated(object):
    def __init__(self, value, message):
        self.value = value
        self.message = message


class _ModuleWithDeprecations(types.ModuleType):
    def __init__(self, module):
        super().__init__(module.__name__)
        self.__dict__["_module"] = module

    def __getattr__(self, attr):
        obj = getattr(self._module, attr)
        return obj.value if isinstance(obj, _Deprecated) else obj


def deprecated(value, module_name, message, name=None):
    module = sys.modules[module_name]
    if not isinstance(module, _ModuleWithDeprecations):
        sys.modules[module_name] = module = _ModuleWithDeprecations(module)
    dv = _Deprecated(value, message)
    if name is not None:
        setattr(module, name, dv)
    return dv


def as_module(cls):
    instance = cls(cls.__module__)
    instance.__spec__ = sys.modules[cls.__module__].__spec__
    sys.modules[cls.__module__] = instance
    return cls


def replace(module):
    def decorate(function):
        sys.modules[module] = function
        return function

    return decorate
