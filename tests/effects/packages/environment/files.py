import os
from pathlib import Path

here = os.path.dirname(os.path.abspath(__file__))
if os.path.exists(os.path.join(here, "by_default.py")):
    import by_default
if Path(__file__).with_name("no_such_file").is_file():
    import never
try:
    with open(os.path.join(here, "no_such_file")) as file:
        import never
except OSError:
    import by_key_error
