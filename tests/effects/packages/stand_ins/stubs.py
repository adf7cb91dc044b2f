import sys
import types

fake = types.ModuleType("fake")
fake.__path__ = []
child = types.ModuleType("fake.child")
fake.child = child
sys.modules["fake"] = fake
sys.modules["fake.child"] = child
for name in ("accelerator", "accelerator.cuda"):
    sys.modules[name] = types.ModuleType(name)
import fake.child

try:
    import accelerator.other
except ModuleNotFoundError:
    import without_other
try:
    import fake.missing
except ImportError:
    import without_missing
import accelerator.cuda
