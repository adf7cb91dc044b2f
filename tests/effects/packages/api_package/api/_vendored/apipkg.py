import sys
from types import ModuleType


def initpkg(pkgname, exportdefs, attr=None):
    oldmod = sys.modules.get(pkgname)
    names = {"__spec__": oldmod.__spec__, "__loader__": oldmod.__loader__, "__file__": oldmod.__file__}
    names["__path__"] = list(oldmod.__path__)
    names.update(attr or {})
    mod = ApiModule(pkgname, exportdefs, implprefix=pkgname, attr=names)
    sys.modules[pkgname] = mod


def importobj(modpath, attrname):
    module = __import__(modpath, None, None, ["__doc__"])
    return getattr(module, attrname) if attrname else module


class ApiModule(ModuleType):
    def __init__(self, name, importspec, implprefix=None, attr=None):
        self.__name__ = name
        self.__map__ = {}
        self.__implprefix__ = implprefix or name
        if attr:
            for key, value in attr.items():
                setattr(self, key, value)
        for key, importspec in importspec.items():
            if isinstance(importspec, dict):
                subname = name + "." + key
                apimod = ApiModule(subname, importspec, implprefix)
                sys.modules[subname] = apimod
                setattr(self, key, apimod)
            else:
                modpath, _, attrname = importspec.partition(":")
                if modpath[0] == ".":
                    modpath = implprefix + modpath
                if not attrname:
                    sys.modules[name + "." + key] = AliasModule(name + "." + key, modpath)
                else:
                    self.__map__[key] = (modpath, attrname)

    def __getattr__(self, name):
        try:
            modpath, attrname = self.__map__.pop(name)
        except KeyError:
            raise AttributeError(name)
        result = importobj(modpath, attrname)
        setattr(self, name, result)
        return result


def AliasModule(modname, modpath):
    mod = []

    def getmod():
        if not mod:
            mod.append(importobj(modpath, None))
        return mod[0]

    class AliasModule(ModuleType):
        def __getattribute__(self, name):
            try:
                return getattr(getmod(), name)
            except ImportError:
                if name == "__spec__":
                    return None
                raise

    return AliasModule(str(modname))
