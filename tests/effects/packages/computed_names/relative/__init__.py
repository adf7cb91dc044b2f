from importlib import import_module

a = import_module(".a", __package__)
a.load()
