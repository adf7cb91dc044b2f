import importlib.util
import pkgutil
from importlib.util import find_spec

if find_spec("here") is not None:
    import here
if importlib.util.find_spec("not_here"):
    import never
HAS = {name: find_spec(name) is not None for name in ("here", "not_here")}
if HAS["not_here"]:
    import never
if HAS["here"] and not HAS["not_here"]:
    import chosen


def available(name):
    return find_spec(name) is not None


if not available("not_here"):
    import chosen_too
