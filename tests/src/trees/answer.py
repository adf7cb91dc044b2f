"""Answers for one tree after another: a line of JSON on stdin, a line of JSON on stdout."""

import encodings.cp437
import encodings.latin_1
import io
import json
import marshal
import os
import site
import struct
import sys
import traceback
import types
import zipimport
import zlib
from importlib.util import MAGIC_NUMBER

KNOWN = set(sys.modules)


def forget():
    sys.path_importer_cache.clear()
    zipimport._zip_directory_cache.clear()
    for name in set(sys.modules) - KNOWN:
        del sys.modules[name]


def locations(spec):
    if spec is None or spec.submodule_search_locations is None:
        return None
    # A _NamespacePath looks at its parent in sys.modules when it is read: take what the finder gave.
    places = spec.submodule_search_locations
    return list(getattr(places, "_path", places))


def find(name, found):
    if name in found:
        return found[name]
    parent = name.rpartition(".")[0]
    path = locations(find(parent, found)) if parent else None
    spec = None
    if not parent or path is not None:
        # A namespace package inside a package looks for its parent in sys.modules.
        stand_in = bool(parent) and parent not in sys.modules
        if stand_in:
            sys.modules[parent] = types.ModuleType(parent)
            sys.modules[parent].__path__ = path
        try:
            for finder in sys.meta_path:
                spec = finder.find_spec(name, path)
                if spec is not None:
                    break
        finally:
            if stand_in:
                del sys.modules[parent]
    found[name] = spec
    return spec


def row(name, found):
    try:
        spec = find(name, found)
    except Exception as error:
        return {"name": name, "raised": "%s: %s" % (type(error).__name__, error)}
    loader = spec.loader if spec else None
    if loader is not None:
        loader = loader.__name__ if isinstance(loader, type) else type(loader).__name__
    return {
        "name": name,
        "found": spec is not None,
        "loader": loader,
        "origin": spec.origin if spec else None,
        "has_location": bool(spec and spec.has_location),
        "cached": spec.cached if spec else None,
        "locations": locations(spec),
    }


def specs(request):
    sys.path[:] = request["path"]
    found = {}
    return [row(name, found) for name in request["names"]]


def add_site_directory(request):
    sys.path[:] = request["path"]
    raised, stderr = None, sys.stderr
    # site prints what it ignores.
    sys.stderr = io.StringIO()
    try:
        known = set(request["path"])
        if sys.version_info >= (3, 15):
            # `site.addsitedir` passes over a directory that it is told of (gh-75723); the start does not.
            state = site.StartupState(known)
            state.addsitedir(request["site"])
            state.process()
        else:
            site.addsitedir(request["site"], known)
    except Exception as error:
        raised = type(error).__name__
    finally:
        sys.stderr = stderr
    return {"path": list(sys.path), "raised": raised}


def main():
    code = marshal.dumps(compile("", "empty", "exec"))
    out = sys.stdout
    # What an import line prints is no answer.
    sys.stdout = io.StringIO()
    facts = {"tag": sys.implementation.cache_tag, "magic": list(MAGIC_NUMBER), "code": list(code)}
    print(json.dumps(facts), file=out, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        forget()
        answer = add_site_directory(request) if "site" in request else specs(request)
        print(json.dumps(answer), file=out, flush=True)


main()
