import sys

import __main__

sys.modules["__mp_main__"] = sys.modules["__main__"]
sys.modules["number"] = 42
sys.modules["nothing"] = None
