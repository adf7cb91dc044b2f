import sys


def setup(names, strict=True):
    for name in names:
        try:
            __import__(name)
        except ImportError:
            if strict:
                raise
