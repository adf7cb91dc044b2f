"""Prints what this interpreter's finders say, as JSON: first its own state, then one object for each name of stdin.

Asks the finders of `sys.meta_path` themselves: `importlib.util.find_spec` would import the parents.
"""

import json
import sys
import types

STATE = {
    "sys_path": list(sys.path),
    "meta_path": [getattr(f, "__name__", type(f).__name__) for f in sys.meta_path],
    "prefix": sys.prefix,
    "base_prefix": sys.base_prefix,
    "version": "%d.%d.%d" % sys.version_info[:3],
}
found = {}


def locations(spec):
    if spec is None or spec.submodule_search_locations is None:
        return None
    # A _NamespacePath looks at its parent in sys.modules when it is read: take what the finder gave.
    places = spec.submodule_search_locations
    return list(getattr(places, "_path", places))


def find(name):
    if name in found:
        return found[name]
    parent = name.rpartition(".")[0]
    path = locations(find(parent)) if parent else None
    spec = None
    if not parent or path is not None:
        # A namespace package inside a package looks for its parent in sys.modules.
        stand_in = bool(parent) and parent not in sys.modules
        if stand_in:
            sys.modules[parent] = types.ModuleType(parent)
            sys.modules[parent].__path__ = path
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path)
            if spec is not None:
                break
        if stand_in:
            del sys.modules[parent]
    found[name] = spec
    return spec


def loader_name(loader):
    if loader is None:
        return None
    return loader.__name__ if isinstance(loader, type) else type(loader).__name__


def main():
    print(json.dumps(STATE))
    for name in json.load(sys.stdin):
        try:
            spec = find(name)
        except Exception as error:
            print(json.dumps({"name": name, "raised": repr(error)}))
            continue
        row = {"name": name, "found": spec is not None}
        row.update(
            loader=loader_name(spec.loader) if spec else None,
            origin=spec.origin if spec else None,
            has_location=bool(spec and spec.has_location),
            cached=spec.cached if spec else None,
            locations=locations(spec),
        )
        print(json.dumps(row))


main()
