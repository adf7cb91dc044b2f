import importlib
import os
import sys


def attach(package_name, submodules=None, submod_attrs=None):
    submod_attrs = submod_attrs or {}
    submodules = set(submodules) if submodules else set()
    attr_to_modules = {attr: mod for mod, attrs in submod_attrs.items() for attr in attrs}
    __all__ = sorted(submodules | attr_to_modules.keys())

    def __getattr__(name):
        if name in submodules:
            return importlib.import_module(f"{package_name}.{name}")
        elif name in attr_to_modules:
            submod_path = f"{package_name}.{attr_to_modules[name]}"
            submod = importlib.import_module(submod_path)
            attr = getattr(submod, name)
            if name == attr_to_modules[name]:
                pkg = sys.modules[package_name]
                pkg.__dict__[name] = attr
            return attr
        else:
            raise AttributeError(f"No {package_name} attribute {name}")

    def __dir__():
        return __all__.copy()

    if os.environ.get("EAGER_IMPORT_OF_THIS_EXAMPLE", ""):
        for attr in __all__:
            __getattr__(attr)
    return __getattr__, __dir__, __all__.copy()
