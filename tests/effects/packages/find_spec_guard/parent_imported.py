from importlib.util import find_spec

spec = find_spec("package.child")
try:
    find_spec("not_here.child")
except ModuleNotFoundError:
    import chosen
