"""Puts another module in its own place, without a spec."""
import sys
import types

sys.modules[__name__] = types.ModuleType(__name__)
