import os
from os import environ

if os.environ.get("A_VARIABLE_THAT_NOBODY_SETS"):
    import never
if os.getenv("A_VARIABLE_THAT_NOBODY_SETS", "python") == "python":
    import by_default
if "A_VARIABLE_THAT_NOBODY_SETS" in environ:
    import never
try:
    os.environ["A_VARIABLE_THAT_NOBODY_SETS"]
except KeyError:
    import by_key_error
