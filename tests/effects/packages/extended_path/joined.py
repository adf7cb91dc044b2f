import os
import sys

for portion in "first", "second":
    sys.path.append(os.path.join(os.path.dirname(__file__), portion))
import shared.one
from shared import two
