"""Tells what there is to import in this environment, and which modules an import brings.

    python survey.py COUNT SEED LIMIT [NAME]...

One line of JSON for each of COUNT names, chosen at random from what is on `sys.path` (or for each NAME given): `name`;
`raised`, or null; `modules`, some of those that importing it put into `sys.modules`, each with its kind: `regular`,
`namespace`, `built-in`, `frozen`, `extension`, `alias` (the spec has another name), `none`, `missing` (the spec),
`custom` (another type than that of modules). The programs are made of these; what is true is asked again, of them.
"""

import ast
import json
import os
import pkgutil
import random
import re
import subprocess
import sys

# They open windows, print poems, or are CPython's own tests.
LEFT_OUT = {"antigravity", "this", "idlelib", "test", "turtledemo", "lib2to3", "__phello__", "__hello__"}

CHILD = r'''
import sys
def kind(name, module):
    try:
        spec = module.__spec__
    except AttributeError:
        return "missing"
    if spec is None:
        return "none"
    if spec.name != name:
        return "alias"
    if type(module) is not type(sys):
        return "custom"
    if spec.origin in ("built-in", "frozen"):
        return spec.origin
    if spec.origin is None and spec.submodule_search_locations is not None:
        return "namespace"
    return "regular" if str(spec.origin).endswith(".py") else "extension"
sys.path.pop(0)
name, before, raised = sys.argv[1], set(sys.modules), None
try:
    __import__(name)
except BaseException as error:
    raised = type(error).__name__
kinds = {}
for key in sorted(set(sys.modules) - before | ({name} & set(sys.modules))):
    if sys.modules[key] is None:
        continue
    try:
        kinds[key] = kind(key, sys.modules[key])
    except BaseException:
        pass
print("\n@@" + repr((raised, kinds)))
sys.stdout.flush()
import os
os._exit(0)
'''


def is_name(name):
    return re.match(r"[A-Za-z_][A-Za-z0-9_]*$", name) and not name.startswith("__editable") and name not in LEFT_OUT


def names():
    """Top-level names and some of their submodules, without importing any."""
    found = {name for name in sys.builtin_module_names if is_name(name)}
    for entry in sys.path[1:]:
        for module in pkgutil.iter_modules([entry]):
            if is_name(module.name):
                found.add(module.name)
        if not os.path.isdir(entry) or "packages" not in os.path.basename(entry):
            continue
        for directory in sorted(os.listdir(entry)):
            if is_name(directory) and directory not in found and os.path.isdir(os.path.join(entry, directory)):
                found.add(directory)
    found = sorted(found)
    inner = []
    for entry in sys.path[1:]:
        for name in found:
            below = [it.name for it in pkgutil.iter_modules([os.path.join(entry, name)]) if is_name(it.name)]
            inner += [name + "." + it for it in random.sample(below, min(2, len(below))) if it != "__main__"]
    return found + sorted(set(inner))


def main():
    count, seed, limit = (int(it) for it in sys.argv[1:4])
    random.seed(seed)
    chosen = sys.argv[4:] or names()
    if len(chosen) > count:
        chosen = random.sample(chosen, count)
    for name in chosen:
        command = [sys.executable, "-B", "-c", CHILD, name]
        try:
            output = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=limit
            ).stdout.decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            continue
        if "\n@@" not in output:
            continue
        raised, kinds = ast.literal_eval(output.rsplit("\n@@", 1)[1])
        by_kind = {}
        for module, kind in kinds.items():
            by_kind.setdefault(kind, []).append(module)
        modules = {
            module: kind
            for kind, all_of_it in sorted(by_kind.items())
            for module in sorted(random.sample(all_of_it, min(len(all_of_it), 6 if kind == "regular" else 4)))
        }
        if name in kinds:
            modules[name] = kinds[name]
        print(json.dumps({"name": name, "raised": raised, "modules": modules}), flush=True)


if __name__ == "__main__":
    main()
