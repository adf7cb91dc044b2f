import builtins

original = builtins.__import__


def watch(name, globals=None, locals=None, fromlist=(), level=0):
    return original(name, globals, locals, fromlist, level)


builtins.__import__ = watch
import watched
