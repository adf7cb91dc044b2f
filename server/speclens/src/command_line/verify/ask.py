"""Prints what this interpreter's finders say, as JSON lines after a mark: its own state, then one object for each name.

stdin has `{"names": […], "all": bool}`; with `all`, the names that this interpreter can tell of itself are added. Asks the
finders of `sys.meta_path` themselves, since `importlib.util.find_spec` would import the parents. Runs on CPython 3.6 and newer.
"""

import json
import os
import pkgutil
import sys
import types

MARK = sys.argv[1]
# Importing what this script needs changes neither; a finder that is asked might.
PATH = list(sys.path)
FINDERS = list(sys.meta_path)
STATE = {
    "version": "%d.%d.%d" % sys.version_info[:3],
    "prefix": sys.prefix,
    "base_prefix": sys.base_prefix,
    "meta_path": [getattr(finder, "__name__", type(finder).__name__) for finder in FINDERS],
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
        try:
            for finder in FINDERS:
                if hasattr(finder, "find_spec"):
                    spec = finder.find_spec(name, path)
                if spec is not None:
                    break
        finally:
            if stand_in:
                sys.modules.pop(parent, None)
    found[name] = spec
    return spec


def own_names():
    names = set(sys.builtin_module_names) | set(getattr(sys, "stdlib_module_names", ()))
    waiting = [("", PATH)]
    seen = set()
    while waiting:
        prefix, path = waiting.pop()
        key = (prefix, tuple(map(os.path.realpath, path)))
        if key in seen or prefix.count(".") > 20:
            continue
        seen.add(key)
        for module in pkgutil.iter_modules(path):
            name = prefix + module[1]
            names.add(name)
            below = locations(find(name)) if module[2] else None
            if below:
                waiting.append((name + ".", below))
    return names


def text(value):
    # What is no Unicode text in a path is shown as U+FFFD, as Speclens does.
    return os.fsencode(value).decode("utf-8", "replace") if isinstance(value, str) else None


def row(name):
    try:
        spec = find(name)
    except Exception as error:
        return {"name": name, "raised": "%s: %s" % (type(error).__name__, text(str(error)))}
    places = locations(spec)
    loader = spec.loader if spec else None
    return {
        "name": name,
        "found": spec is not None,
        "loader": (loader if isinstance(loader, type) else type(loader)).__name__ if loader else None,
        "origin": text(spec.origin) if spec else None,
        "has_location": bool(spec and spec.has_location),
        "cached": text(spec.cached) if spec else None,
        "locations": places if places is None else [text(place) for place in places],
    }


def show(value):
    print(MARK + json.dumps(value))


def main():
    asked = json.load(sys.stdin)
    show(dict(STATE, sys_path=[text(entry) for entry in PATH]))
    names = asked["names"]
    if asked["all"]:
        names += sorted(own_names() - set(names))
    for name in names:
        show(row(name))


main()
