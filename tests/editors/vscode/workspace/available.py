import os
from importlib.util import find_spec

import settings

retries: int = os.environ.get("RETRIES")

if find_spec("settings"):
    print(settings.COLOUR, retries)
