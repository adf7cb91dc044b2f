import sys
import types

new = types.ModuleType(__name__)
for name, value in list(globals().items()):
    if not name.startswith("__"):
        setattr(new, name, value)
sys.modules[__name__] = new
