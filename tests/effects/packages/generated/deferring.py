import builtins
from contextlib import contextmanager


class Deferred:
    def __init__(self, name):
        self.name = name


def deferring(name, globals=None, locals=None, fromlist=(), level=0):
    if name in globals.get("__deferred__", ()):
        return Deferred(name)
    return original(name, globals, locals, fromlist, level)


@contextmanager
def deferred_imports():
    vars(builtins)["__import__"] = deferring
    try:
        yield
    finally:
        builtins.__import__ = original


original = builtins.__import__
