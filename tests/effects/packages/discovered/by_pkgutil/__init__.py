import importlib
import pkgutil

for finder, name, is_package in pkgutil.iter_modules(__path__):
    if not name.startswith("_"):
        importlib.import_module(f"{__name__}.{name}")
