import os
import platform
import sys

if sys.platform == "win32":
    import windows
elif sys.platform.startswith("java"):
    import jython
else:
    import others

if os.name == "nt":
    import windows
if sys.implementation.name == "pypy" or platform.python_implementation() == "PyPy":
    import pypy
if hasattr(sys, "getwindowsversion") or hasattr(sys, "pypy_version_info"):
    import pypy
if "__pypy__" in sys.builtin_module_names:
    import pypy
