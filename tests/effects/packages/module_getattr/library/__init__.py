import importlib

__all__ = ["Reader", "direct"]
_lazy = {"Reader": "reading", "Writer": "writing"}
_modules = {"tools"}
direct = 1


def __getattr__(name):
    if name in _modules:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _lazy:
        module = importlib.import_module("." + _lazy[name], __name__)
        value = getattr(module, name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
