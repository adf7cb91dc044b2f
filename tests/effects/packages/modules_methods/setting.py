import sys
import types

import existing

sys.modules.setdefault("existing", types.ModuleType("existing"))
sys.modules.setdefault("invented", types.ModuleType("invented"))
sys.modules["invented.child"] = existing
import invented.child
