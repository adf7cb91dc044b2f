import importlib.machinery
import sys
import types

module = types.ModuleType("with_spec")
module.__spec__ = importlib.machinery.ModuleSpec("with_spec", None)
sys.modules["with_spec"] = module
other = types.ModuleType("other_spec")
other.__spec__ = __spec__
sys.modules[other.__name__] = other
