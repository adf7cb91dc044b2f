import builtins
from contextlib import contextmanager


def quiet(*arguments):
    return old(*arguments)


old = builtins.__import__
builtins.__import__ = quiet
try:
    import during
finally:
    builtins.__import__ = old


@contextmanager
def patched():
    builtins.__import__ = quiet
    yield
    builtins.__import__ = old


with patched():
    import during_too
