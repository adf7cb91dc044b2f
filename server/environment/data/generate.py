"""Prints the facts of the running CPython that its files do not tell, as one line of JSON.

    pythonX.Y -I -S generate.py > cpython-X.Y.json

Works with 3.6 and newer on Linux. The test `tables_agree_with_each_interpreter` runs it again and compares.
"""

import builtins
import json
import os
import subprocess
import sys
import tempfile

# Modules that must not be imported for a look: they act (open a browser, print, start a program) or are tests.
SKIPPED = ("antigravity", "this", "test", "idlelib", "turtledemo", "lib2to3", "config", "ensurepip", "_testcapi")


def frozen():
    """name -> [is a package, its directory below the standard library or None, its file there or None]"""
    import _imp
    from importlib.machinery import FrozenImporter

    if hasattr(_imp, "_frozen_module_names"):
        names = _imp._frozen_module_names()
    else:
        names = [
            "_frozen_importlib", "_frozen_importlib_external", "zipimport",
            "__hello__", "__phello__", "__phello__.spam",
        ]
    library = os.path.dirname(os.__file__)
    result = {}
    for name in sorted(names):
        spec = FrozenImporter.find_spec(name)
        if spec is None:
            continue
        locations = spec.submodule_search_locations
        directory = os.path.relpath(locations[0], library) if locations else None
        file = getattr(spec.loader_state, "filename", None)
        result[name] = [locations is not None, directory, os.path.relpath(file, library) if file else None]
    return result


def library_modules():
    """dotted name -> p(ackage), m(odule) or x (extension module), for the files of the standard library."""
    from importlib.machinery import EXTENSION_SUFFIXES

    library = os.path.dirname(os.__file__)
    result = {}

    def scan(directory, prefix):
        for entry in sorted(os.listdir(directory)):
            path = os.path.join(directory, entry)
            if entry.endswith(".py") and entry != "__init__.py":
                name, kind = entry[:-3], "m"
            elif os.path.isfile(os.path.join(path, "__init__.py")):
                name, kind = entry, "p"
            else:
                suffix = next((s for s in EXTENSION_SUFFIXES if entry.endswith(s)), None)
                if suffix is None:
                    continue
                name, kind = entry[: -len(suffix)], "x"
            # Tests, build leftovers and the like are no part of what a program imports.
            if not name.isidentifier() or name in ("test", "tests", "idle_test") or name.startswith(
                ("_sysconfigdata", "_test", "_ctypes_test", "xx")
            ):
                continue
            result[prefix + name] = kind
            if kind == "p":
                scan(path, prefix + name + ".")

    scan(library, "")
    dynamic = os.path.join(library, "lib-dynload")
    if os.path.isdir(dynamic):
        scan(dynamic, "")
    return result


RUN = r"""
import json, sys
before = set(sys.modules)
for name in json.loads(sys.argv[1]):
    try:
        __import__(name)
    except BaseException:
        pass
out = {}
for name, module in list(sys.modules.items()):
    if name in before or name in ('__main__', '__mp_main__'):
        continue
    if not hasattr(module, '__spec__'):
        out[name] = 'missing'
    elif module.__spec__ is None:
        out[name] = 'none'
    elif getattr(module.__spec__, 'name', name) != name:
        out[name] = '=' + module.__spec__.name
sys.stdout.write('\n' + json.dumps(out))
"""


def run(names):
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "ignore", "-c", RUN, json.dumps(names)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", timeout=300,
    )
    last = done.stdout.decode().rsplit("\n", 1)[-1]
    return json.loads(last) if last else {}


def odd_specs(names):
    """Module -> what its import leaves in `sys.modules` without a spec, or with the spec of another name."""
    names = [name for name in names if not name.split(".")[0] in SKIPPED and not name.endswith("__main__")]
    everything = run(names)
    result = {}
    for odd in sorted(everything):
        # The module that makes it is the parent, or, for an alias, the first that is enough.
        candidates = [odd.rpartition(".")[0], everything[odd].lstrip("="), odd]
        maker = next((c for c in candidates if c and odd in run([c])), None)
        result[odd] = [everything[odd], maker]
    return result


RUN_ONE = r"""
import sys
before = set(sys.modules)
name, *added = sys.argv[1:]
if added:
    # Of what was added, those that no other of them brings in: a module stands behind all that it imports, since 3.8.
    chosen = []
    for each in added if sys.version_info < (3, 8) else reversed(added):
        if each not in sys.modules:
            chosen.append(each)
            __import__(each)
else:
    __import__(name)
    chosen = [each for each in sys.modules if each not in before and each.split('.')[0] != name.split('.')[0]]
sys.stdout.write('\n' + ' '.join(chosen))
"""


def extension_imports(names):
    """Module without Python source -> what it imports besides, in order: of the new names in `sys.modules` those
    that no other of them brings in."""

    def ask(arguments):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-W", "ignore", "-c", RUN_ONE] + arguments,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", timeout=300,
        )
        return done.stdout.decode().rsplit("\n", 1)[-1].split() if done.returncode == 0 else []

    result = {}
    for name in names:
        added = ask([name])
        if added:
            result[name] = ask([name] + added)
    return result


def startup():
    """`sys.modules` after the start with `-I -S`, and with `-I` where no `.pth` file does anything."""
    bare = run_plain(["-I", "-S"], "")
    # Whatever is installed here must not count.
    site = run_plain(["-I", "-S"], "import site; site.addpackage = lambda *a, **k: None; site.main(); ")
    return sorted(bare), sorted(set(site) - set(bare))


def run_plain(flags, before):
    # A file: for `-c`, 3.13 and newer load one module more. With a home, `site` need not ask who the user is.
    program = before + "import sys; sys.stdout.write('\\n'.join(sys.modules))"
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(program)
        file.flush()
        done = subprocess.run(
            [sys.executable] + flags + [file.name],
            stdout=subprocess.PIPE, check=True, cwd="/", env={"LC_ALL": "C.UTF-8", "HOME": "/"},
        )
    return done.stdout.decode().split()


def main():
    from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES

    modules = library_modules()
    names = sorted(set(modules) | set(sys.builtin_module_names))
    bare, with_site = startup()
    table = {
        "version": "%d.%d" % sys.version_info[:2],
        "release": "%d.%d.%d" % sys.version_info[:3],
        "cache_tag": sys.implementation.cache_tag,
        "extension_suffixes": EXTENSION_SUFFIXES,
        "source_suffixes": SOURCE_SUFFIXES,
        "bytecode_suffixes": BYTECODE_SUFFIXES,
        "builtin_modules": sorted(sys.builtin_module_names),
        "frozen_modules": frozen(),
        "startup_modules": bare,
        "site_modules": with_site,
        "builtins": sorted(set(dir(builtins)) - {"_"}),
        "sys_names": sorted(dir(sys)),
        "stdlib_names": sorted(
            getattr(sys, "stdlib_module_names", None)
            or set(sys.builtin_module_names) | {name for name in modules if "." not in name}
        ),
        "packages": sorted(name for name, kind in modules.items() if kind == "p"),
        "modules": sorted(name for name, kind in modules.items() if kind == "m"),
        "extensions": sorted(name for name, kind in modules.items() if kind == "x"),
        "odd_specs": odd_specs(names),
        "extension_imports": extension_imports(
            sorted(set(sys.builtin_module_names) | {name for name, kind in modules.items() if kind == "x"})
        ),
    }
    json.dump(table, sys.stdout, sort_keys=True, separators=(",", ":"))
    sys.stdout.write("\n")


main()
