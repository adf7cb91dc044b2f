"""Imports a name in this fresh interpreter and prints what that did to the import state: one JSON object after a mark.

The arguments are the mark, the name, and directories to search first. Nothing is imported here that a bare interpreter does not
have already, or it would be missing from what the import adds: hence no `json`. Runs on CPython 3.6 and newer; ends the process at
once, with its threads.
"""

import builtins
import os
import sys

MARK, NAME = sys.argv[1:3]
sys.path[:0] = sys.argv[3:]
sys.argv[1:] = []
ModuleType = type(sys)
# Kept here, since what is imported may replace them.
write, end, fsencode, process, own = os.write, os._exit, os.fsencode, os.getpid, os.getpid()
# What else is printed goes to stderr: no line of a package, of its threads or children is taken for the answer.
answer = os.dup(1)
os.dup2(2, 1)

MODULES = dict(sys.modules)
FINDERS = list(sys.meta_path)
HOOKS = list(sys.path_hooks)
PATH = list(sys.path)
IMPORT = builtins.__import__


def text(value):
    # What is no Unicode text in a path is shown as U+FFFD, as Speclens does.
    try:
        return fsencode(str(value)).decode("utf-8", "replace")
    except Exception:
        return "?"


def quoted(value):
    units = []
    for character in text(value):
        code = ord(character)
        if character in '"\\':
            units.append("\\" + character)
        elif 32 <= code < 127:
            units.append(character)
        elif code < 0x10000:
            units.append("\\u%04x" % code)
        else:
            code -= 0x10000
            units.append("\\u%04x\\u%04x" % (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF)))
    return '"' + "".join(units) + '"'


def encoded(value):
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "{" + ",".join(quoted(key) + ":" + encoded(value[key]) for key in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(encoded, value)) + "]"
    return quoted(value)


def attribute(value, name):
    # The code of a module may answer, in any way.
    try:
        return getattr(value, name)
    except BaseException:
        return None


def qualified(value):
    """`module.qualname` of a class or function; of another object, that of its class."""
    name = attribute(value, "__qualname__")
    if not isinstance(name, str):
        return qualified(type(value))
    return "%s.%s" % (attribute(value, "__module__"), name)


def added(now, before):
    return [entry for entry in now if not any(entry is known for known in before)]


def spec_of(module, kind):
    """What `importlib.util.find_spec` sees, and whether there is anything to see."""
    try:
        # The first spares a lazy module that reading would load, where the answer is the same.
        return True, module.__dict__["__spec__"] if kind is ModuleType else module.__spec__
    except BaseException:
        pass
    try:
        return True, module.__spec__
    except BaseException:
        return False, None


def row(module, kind):
    there, spec = spec_of(module, kind)
    name, loader = attribute(spec, "name"), attribute(spec, "loader")
    return {
        "spec": "missing" if not there else "none" if spec is None else "spec",
        "spec_name": name if isinstance(name, str) else None,
        "loader": None if loader is None else (loader if isinstance(loader, type) else type(loader)).__name__,
        "type": "module" if kind is ModuleType else qualified(kind),
    }


def run():
    error = None
    try:
        __import__(NAME)
    except BaseException as raised:
        error = {"type": type(raised).__name__, "message": text(raised)}
    # Reading a lazy module may import: all is noted before the first of them is read.
    state = {
        "name": NAME,
        "error": error,
        "meta_path_added": [
            qualified(finder if isinstance(finder, type) else type(finder)) for finder in added(list(sys.meta_path), FINDERS)
        ],
        "path_hooks_added": [qualified(hook) for hook in added(list(sys.path_hooks), HOOKS)],
        "import_replaced": None if builtins.__import__ is IMPORT else qualified(builtins.__import__),
        "sys_path_added": [text(entry) for entry in sys.path if entry not in PATH],
    }
    missing = object()
    modules = [
        (name, module, type(module))
        for name, module in sorted(dict(sys.modules).items(), key=lambda item: text(item[0]))
        if MODULES.get(name, missing) is not module
    ]
    # Plain modules first: no code of theirs runs, so nothing has changed yet.
    modules.sort(key=lambda entry: entry[2] is not ModuleType)
    rows = {name: row(module, kind) for name, module, kind in modules}
    state["modules"] = {name: rows[name] for name in sorted(rows, key=text)}
    return state


def main():
    line = (MARK + encoded(run()) + "\n").encode("ascii", "replace")
    # A child that the import forked comes here too.
    while line and process() == own:
        line = line[write(answer, line) :]


try:
    main()
except BaseException as failed:
    write(2, (repr(failed) + "\n").encode("ascii", "replace"))
    end(1)
end(0)
