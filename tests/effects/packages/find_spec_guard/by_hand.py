import importlib.util
import os
import sys

path = os.path.join(os.path.dirname(__file__), "package", "child.py")
spec = importlib.util.spec_from_file_location("given_name", path)
module = importlib.util.module_from_spec(spec)
sys.modules["given_name"] = module
spec.loader.exec_module(module)
other = importlib.util.module_from_spec(importlib.util.find_spec("chosen"))
