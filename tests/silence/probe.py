"""Runs one file as Speclens supposes that it is run, and tells what each of the given reads did in CPython.

    python probe.py QUESTION

QUESTION is JSON: `file`; `module`, the dotted name that it is imported as, or null where it is run as a script;
`directory`, which `sys.path` starts with; `reads`, ranges as [line, column, end line, end column] from 1, in characters;
`limit`, seconds. The answer on the standard output is JSON too: `ended`, how the file's run ended, and `reads`, each a
list of outcomes, one for each time that it ran: `{"raised": [type, message]}` or `{"value": repr}`, with `"how"`:
"run", or "after" for a read in a function that nobody called, which is then evaluated in the module's globals, behind
the imports before it in that function. An empty list: it did not run, and `why` says why.

The file is compiled here, with its reads wrapped, and runs in a second process, which has imported nothing for itself.
"""

import ast
import builtins
import json
import marshal
import os
import subprocess
import sys
import tempfile

# Uses nothing but what is in `sys.modules` at the start.
CHILD = r'''
import sys, marshal
def main():
    program, module, path, directory, out = sys.argv[1:6]
    sys.argv = [path]
    sys.path[0] = directory
    with open(program, "rb") as file:
        code, later = marshal.load(file)
    out = open(out, "a", 1, "utf-8", "backslashreplace")
    begun, state = {}, {}
    def tell(read, kind, *rest):
        out.write(repr((read, kind) + rest) + "\n")
        out.flush()
    def headline(error):
        try:
            text = str(error)
        except BaseException:
            text = "?"
        return type(error).__name__, text[:400]
    def shown(value):
        try:
            return "None" if value is None else repr(value)[:200] if type(value) in (str, bool, int) else "<%s>" % type(value).__name__
        except BaseException:
            return "?"
    def begin(read):
        begun[read] = begun.get(read, 0) + 1
    def done(mark, read, value=False):
        begun[read] -= 1
        tell(read, "value", shown(value), state.get("how", "run"))
        return value
    def raised(read):
        if begun.get(read, 0) > 0:
            begun[read] -= 1
            tell(read, "raised", *headline(sys.exc_info()[1]), state.get("how", "run"))
    def passed(line):
        tell(-1, "passed", line, *headline(sys.exc_info()[1]))
    def here(namespace):
        state["globals"] = namespace
    import builtins
    builtins.__speclens_begin__, builtins.__speclens_done__ = begin, done
    builtins.__speclens_raised__, builtins.__speclens_here__, builtins.__speclens_passed__ = raised, here, passed
    external = sys.modules["_frozen_importlib_external"]
    usual = external.SourceLoader.get_code
    def get_code(self, fullname):
        return code if self.get_filename(fullname) == path else usual(self, fullname)
    external.SourceLoader.get_code = get_code
    del builtins
    try:
        if module:
            __import__(module)
        else:
            script = type(sys)("__main__")
            script.__dict__.update(__file__=path, __builtins__=__builtins__, __package__=None, __loader__=None)
            sys.modules["__main__"] = script
            exec(code, script.__dict__)
        tell(-1, "ended", "well", "")
    except BaseException as error:
        tell(-1, "ended", *headline(error))
    for read, count in begun.items():
        if count:
            begun[read] = 0
            tell(read, "raised", "?", "", "run")
    tell(-1, "after", "globals" in state)
    if "globals" in state:
        state["how"] = "after"
        for read, code in later:
            try:
                exec(code, dict(state["globals"]))
            except BaseException as error:
                raised(read)
    tell(-1, "all", "")
    out.close()
    sys.modules["posix"]._exit(0)
main()
'''


class Wrap(ast.NodeTransformer):
    """Puts marks around the reads, each an expression or an import, and around the statement that it is in."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.inside = []

    def visit(self, node):
        reads = self.nodes.get(node, [])
        if isinstance(node, ast.stmt):
            self.inside.append([])
            self.generic_visit(node)
            inner = self.inside.pop()
            if not reads and not inner:
                return node
            body = [call("begin", read) for read in reads] + [node] + [call("done", None, read) for read in reads]
            handler = [call("raised", read) for read in inner + reads]
            handler.append(ast.copy_location(ast.Raise(None, None), node))
            wrapped = ast.Try(body, [ast.ExceptHandler(ast.Name("BaseException", ast.Load()), None, handler)], [], [])
            return ast.fix_missing_locations(ast.copy_location(wrapped, node))
        self.generic_visit(node)
        for read in reads:
            self.inside[-1].append(read)
            begin = call("begin", read).value
            node = ast.copy_location(call("done", begin, read, node).value, node)
        return node


def call(name, *arguments):
    arguments = [it if isinstance(it, ast.AST) else ast.Constant(it) for it in arguments]
    return ast.Expr(ast.Call(ast.Name("__speclens_%s__" % name, ast.Load()), arguments, []))


def column(lines, line, column):
    """The offset in bytes of a column in characters."""
    return len(lines[line - 1][: column - 1].encode("utf-8", "surrogatepass"))


def find(tree, span):
    """The import around a range, or the smallest expression that holds it: the outermost of its size."""
    best = None
    for node in ast.walk(tree):
        if not isinstance(node, (ast.expr, ast.Import, ast.ImportFrom)):
            continue
        start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
        if not (start <= span[0] and span[1] <= end):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return node
        if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)) or isinstance(node, ast.Starred):
            continue
        size = (end[0] - start[0], end[1] - start[1] if end[0] == start[0] else end[1])
        if best is None or size < best[0]:
            best = (size, node)
    return best and best[1]


def later(tree, node):
    """What runs a read in a function by itself, as code; or None and the reason."""
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    before, current, functions = [], node, []
    while current in parents:
        parent = parents[current]
        for _, block in ast.iter_fields(parent):
            if isinstance(block, list) and current in block and isinstance(current, ast.stmt) and functions is not None:
                earlier = block[: block.index(current)]
                if not isinstance(parent, ast.Module):
                    before[:0] = [it for it in earlier if isinstance(it, (ast.Import, ast.ImportFrom))]
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            functions.append(parent)
        if isinstance(parent, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            return None, "in a comprehension"
        current = parent
    if not functions:
        return None, "not reached"
    bound = set()
    for function in functions:
        for inner in ast.walk(function):
            if isinstance(inner, ast.arg):
                bound.add(inner.arg)
            elif isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
                bound.add(inner.id)
            elif isinstance(inner, ast.alias):
                bound.add((inner.asname or inner.name).split(".")[0])
    for statement in before:
        for alias in statement.names:
            bound.discard((alias.asname or alias.name).split(".")[0])
    names = {it.id for it in ast.walk(node) if isinstance(it, ast.Name)}
    if names & bound:
        return None, "uses the local " + ", ".join(sorted(names & bound))
    if isinstance(node, ast.expr) and any(isinstance(it, (ast.Await, ast.Yield, ast.YieldFrom)) for it in ast.walk(node)):
        return None, "awaits"
    return before + [node if isinstance(node, ast.stmt) else ast.copy_location(ast.Expr(node), node)], None


def instrument(question, go_on):
    path = question["file"]
    with open(path, "rb") as file:
        source = file.read()
    text = ast.parse(source, path)
    import io
    import tokenize

    encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
    decoded = io.TextIOWrapper(io.BytesIO(source), encoding, newline=None).read()
    lines = [line + "\n" for line in decoded.split("\n")]
    nodes, whys, rest = {}, {}, []
    for read, (line, start, end_line, end) in enumerate(question["reads"]):
        span = ((line, column(lines, line, start)), (end_line, column(lines, end_line, end)))
        node = find(text, span)
        if node is None:
            whys[read] = "no such expression"
            continue
        nodes.setdefault(node, []).append(read)
    ready = []
    for node, reads in nodes.items():
        statements, why = later(text, node)
        for read in reads:
            if why:
                whys[read] = why
                continue
            ready.append((read, statements, node))
    # Each is wrapped on a copy of its own, before the tree is changed.
    import copy

    for read, statements, node in ready:
        copies = [copy.deepcopy(it) for it in statements[:-1]]
        last = copy.deepcopy(statements[-1])
        mark = last if isinstance(last, (ast.Import, ast.ImportFrom)) else last.value
        last = Wrap({mark: [read]}).visit(last)
        quiet = [ast.Try([it], [ast.ExceptHandler(ast.Name("BaseException", ast.Load()), None, [ast.Pass()])], [], []) for it in copies]
        body = ast.fix_missing_locations(ast.Module(quiet + [last], []))
        rest.append((read, compile(body, path, "exec", dont_inherit=True)))
    Wrap(nodes).visit(text)
    body, at = text.body, 0
    while at < len(body) and (is_docstring(body[at]) and at == 0 or is_future(body[at])):
        at += 1
    if go_on:
        for index in range(at, len(body)):
            line = ast.Constant(body[index].lineno)
            note = ast.Expr(ast.Call(ast.Name("__speclens_passed__", ast.Load()), [line], []))
            handler = ast.ExceptHandler(ast.Name("BaseException", ast.Load()), None, [note])
            body[index] = ast.copy_location(ast.Try([body[index]], [handler], [], []), body[index])
    globals_ = ast.Call(ast.Name("globals", ast.Load()), [], [])
    body.insert(at, ast.Expr(ast.Call(ast.Name("__speclens_here__", ast.Load()), [globals_], [])))
    ast.fix_missing_locations(text)
    return compile(text, path, "exec", dont_inherit=True), rest, whys


def is_docstring(statement):
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)


def is_future(statement):
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def run(question, go_on):
    code, rest, whys = instrument(question, go_on)
    with tempfile.TemporaryDirectory() as place:
        program, out, empty = (os.path.join(place, name) for name in ("program", "out", "empty"))
        os.mkdir(empty)
        with open(program, "wb") as file:
            marshal.dump((code, rest), file)
        variables = {"PATH": os.environ.get("PATH", ""), "HOME": empty, "LANG": "C.UTF-8", "PYTHONNOUSERSITE": "1"}
        command = [sys.executable, "-B", "-c", CHILD, program, question["module"] or "", question["file"]]
        command += [question["directory"], out]
        try:
            nothing = subprocess.DEVNULL
            subprocess.run(command, cwd=empty, env=variables, stdin=nothing, stdout=nothing, stderr=nothing, timeout=question["limit"])
        except subprocess.TimeoutExpired:
            pass
        events = []
        if os.path.exists(out):
            with open(out, encoding="utf-8") as file:
                for line in file:
                    try:
                        events.append(ast.literal_eval(line))
                    except (ValueError, SyntaxError):
                        pass
    reads, ended, passed = [[] for _ in question["reads"]], None, []
    for read, kind, *rest in events:
        if read < 0:
            if kind == "ended":
                ended = rest
            if kind == "passed":
                passed.append(rest)
        elif len(reads[read]) < 20:
            reads[read].append({"raised": rest[:2], "how": rest[2]} if kind == "raised" else {"value": rest[0], "how": rest[1]})
    return {"ended": ended or ["killed", ""], "passed": passed, "reads": reads, "why": whys}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        question = json.load(file)
    answer = run(question, False)
    if answer["ended"][0] != "well" and not all(answer["reads"]):
        # What stands behind an exception is looked at too, as Speclens does.
        again = run(question, True)
        for mine, other in zip(answer["reads"], again["reads"]):
            if not mine:
                mine.extend(dict(outcome, how="behind an exception") if outcome["how"] == "run" else outcome for outcome in other)
        answer["passed"] = again["passed"]
    answer["why"] = [
        None if outcomes else answer["why"].get(read, "not reached") for read, outcomes in enumerate(answer["reads"])
    ]
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
