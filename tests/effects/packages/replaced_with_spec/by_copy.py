import sys
import types

for attribute in ("__file__", "__spec__", "__loader__"):
    copy = sys.modules.get("by_copy.result") or types.ModuleType(__name__)
    setattr(copy, attribute, globals()[attribute])
    sys.modules["by_copy.result"] = copy
