# A test puts a stub where a heavy package would be. Code that then asks whether the package is installed raises.
import sys
import types
from importlib.util import find_spec

sys.modules["tensorflow"] = types.ModuleType("tensorflow")
installed = find_spec("tensorflow") is not None  # finding: find-spec-raises; raises ValueError: tensorflow.__spec__ is None

# None says "absent", and every probe understands it.
sys.modules["tensorflow"] = None
installed = find_spec("tensorflow") is not None  # is False
