import sys
from pathlib import Path

extra = Path(__file__).resolve().parent / "vendoring" / "_vendor"
if str(extra) not in sys.path:
    sys.path.append(str(extra))
import not_shadowed
import vendored
