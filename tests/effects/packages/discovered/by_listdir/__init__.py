import glob
import os

here = os.path.dirname(__file__)
__all__ = [entry[:-3] for entry in sorted(os.listdir(here)) if entry.endswith(".py") and entry != "__init__.py"]
for path in sorted(glob.glob(os.path.join(here, "plugins", "*.py"))):
    base = os.path.splitext(os.path.basename(path))[0]
    if base != "__init__":
        __import__(__name__ + ".plugins." + base)
from . import *
