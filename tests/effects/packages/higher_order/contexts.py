import contextlib


class Importing:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return __import__(self.name)

    def __exit__(self, kind, error, traceback):
        import at_exit

        return kind is not None and issubclass(kind, KeyError)


with Importing("by_call"):
    import inside
    raise KeyError

with contextlib.ExitStack() as stack:
    stack.callback(lambda: __import__("by_callback"))

import by_table
