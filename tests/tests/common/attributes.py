"""Imports each name of stdin and prints what its module then has, as JSON."""

import importlib
import json
import sys


def text(value):
    return value if value is None or isinstance(value, (str, bool)) else list(value)


def read(module, name):
    try:
        return {"value": text(getattr(module, name))}
    except AttributeError:
        return "missing"


def loader_name(loader):
    if loader is None:
        return None
    return loader.__name__ if isinstance(loader, type) else type(loader).__name__


for name in json.load(sys.stdin):
    try:
        module = importlib.import_module(name)
    except ImportError:
        print(json.dumps({"name": name, "found": False}))
        continue
    spec = module.__spec__
    print(json.dumps({
        "name": name,
        "found": True,
        "file": read(module, "__file__"),
        "path": read(module, "__path__"),
        "cached": read(module, "__cached__"),
        "package": module.__package__,
        "loader": loader_name(module.__loader__),
        "spec_loader": loader_name(spec.loader),
        "spec_origin": spec.origin,
        "spec_parent": spec.parent,
    }))
