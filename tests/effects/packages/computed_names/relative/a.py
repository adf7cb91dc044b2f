import importlib


def load():
    importlib.import_module(".b", __package__)
    importlib.import_module(__name__[:-1] + "c")
