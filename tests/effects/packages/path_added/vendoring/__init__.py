import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "_vendor"))
import vendored
from vendored import part

import not_shadowed
