import importlib
from importlib import import_module

NAMES = ("json_", "toml_")
TABLE = {"first": "plugins.one", "second": "two"}
PREFIX = __name__ + "."

for name in NAMES:
    import_module("." + name, package=__name__)
for key, value in sorted(TABLE.items()):
    value = value if "." in value else PREFIX + value
    globals()[key] = importlib.import_module(value)


def load(*names, prefix="plugins"):
    return [import_module("%s.%s" % (prefix, name)) for name in names]


load("three", "four")
load("three", prefix="plugins.below")
backend = "{}.{}".format(__name__, "_".join(["back", "end"]))
module = importlib.import_module(backend)
loaded = {short: import_module(f"{__package__}.{short}") for short in "five six".split()}
