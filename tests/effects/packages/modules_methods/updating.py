import sys

import existing as module

sys.modules.update({"alias_a": module, "alias_b": sys})
sys.modules.update(alias_c=module)
modules = sys.modules
modules[__name__ + ".self"] = modules[__name__]
