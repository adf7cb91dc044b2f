"""Runs a Python file as a script, one top-level statement after the other, and tells what each did.

    python driver.py FILE            as `python FILE`
    python driver.py -m MODULE FILE  as `python -m MODULE`, whose file is FILE

A statement that raises does not stop the next one. One JSON object per statement is printed on the last lines of the
standard output, after the line "--- outcomes": the line it starts and ends on, the exception it raised with the line
and file from which it came, and the value of what it ended with: the expression or the value assigned.
"""

import ast
import importlib.util
import json
import os
import sys
import types

MAIN = sys.modules["__main__"]


def main():
    arguments = sys.argv[1:]
    module = arguments.pop(0) == "-m" and arguments.pop(0) if arguments[0] == "-m" else None
    path = os.path.abspath(arguments[0])
    with open(path, "rb") as file:
        tree = ast.parse(file.read(), path)
    # The directory of this driver is where the script's directory, or the current one, would be.
    sys.path[0] = os.getcwd() if module else os.path.dirname(path)
    sys.argv = [path]
    script = types.ModuleType("__main__")
    del script.__loader__, script.__package__, script.__spec__
    script.__dict__.update(__file__=path, __builtins__=__builtins__, __package__=None, __spec__=None, __loader__=None)
    if module:
        spec = importlib.util.find_spec(module)
        if spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(module + ".__main__")
        script.__dict__.update(__spec__=spec, __loader__=spec.loader, __package__=spec.parent)
    sys.modules["__main__"] = script
    outcomes = [run(statement, path, script.__dict__) for statement in tree.body]
    sys.stdout.flush()
    print("\n--- outcomes")
    for outcome in outcomes:
        print(json.dumps(outcome))


def run(statement, path, namespace):
    outcome = {"line": statement.lineno, "end": getattr(statement, "end_lineno", None) or last_line(statement)}
    try:
        if isinstance(statement, ast.Expr):
            # As in an interactive session, so that the value is not computed twice.
            value = eval(compile(ast.Expression(statement.value), path, "eval"), namespace)
        else:
            exec(compile(module_of(statement), path, "exec"), namespace)
            value = assigned(statement, namespace)
        outcome["value"] = repr(value)
    except BaseException as error:
        frames = error.__traceback__
        places = []
        while frames is not None:
            places.append((frames.tb_frame.f_code.co_filename, frames.tb_lineno))
            frames = frames.tb_next
        own = [line for file, line in places if file == path]
        outcome["raised"] = {
            "type": type(error).__name__,
            "message": str(error),
            "line": own[0] if own else statement.lineno,
            "from": list(places[-1]),
            "places": [list(place) for place in places[1:]],
        }
    return outcome


def module_of(statement):
    try:
        return ast.Module([statement], [])
    except TypeError:  # Before 3.8.
        return ast.Module([statement])


def last_line(statement):
    return max(getattr(node, "lineno", 0) for node in ast.walk(statement))


def assigned(statement, namespace):
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return namespace[statement.targets[0].id]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
        return namespace[statement.target.id]
    return None


if __name__ == "__main__":
    main()
