import sys

import existing
import package.one
import package.two

del sys.modules["existing"]
sys.modules.pop("package.one")
sys.modules.pop("never_there", None)
for name in [name for name in sys.modules if name.startswith("package.")]:
    del sys.modules[name]
from package import one
