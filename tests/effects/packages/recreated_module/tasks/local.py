import sys
from types import ModuleType


class LazyModule(ModuleType):
    _object_origins = {}
    _direct = {}

    def __getattr__(self, name):
        if name in self._object_origins:
            module = __import__(self._object_origins[name], None, None, [name])
            for extra in self._all_by_module[module.__name__]:
                setattr(self, extra, getattr(module, extra))
            return getattr(module, name)
        elif name in self._direct:
            module = __import__(self._direct[name], None, None, [name])
            setattr(self, name, module)
            return module
        return ModuleType.__getattribute__(self, name)


def create_module(name, attrs, cls_attrs=None, base=LazyModule):
    cls_attrs = {} if cls_attrs is None else cls_attrs
    pkg, _, modname = name.rpartition(".")
    cls_attrs["__module__"] = pkg
    attrs = {attr_name: attr for attr_name, attr in attrs.items()}
    module = sys.modules[name] = type(modname, (base,), cls_attrs)(name)
    module.__dict__.update(attrs)
    return module


def get_origins(table):
    origins = {}
    for module, attrs in table.items():
        origins.update({attr: module for attr in attrs})
    return origins


def recreate_module(name, by_module=None, direct=None, keep_spec=True, **attrs):
    old_module = sys.modules[name]
    origins = get_origins(by_module or {})
    cattrs = {"_object_origins": origins, "_all_by_module": by_module, "_direct": direct or {}}
    new_module = create_module(name, attrs, cls_attrs=cattrs)
    if keep_spec:
        new_module.__spec__ = old_module.__spec__
    for sub in ("old", "older"):
        child = create_module(".".join([name, sub]), {"__all__": ()})
        setattr(new_module, sub, child)
    return old_module, new_module
