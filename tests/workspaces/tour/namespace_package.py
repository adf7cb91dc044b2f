# `acme` has no `__init__.py`: it is whatever directories of that name the path has. Here, two portions.
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "plugins"))

import acme.core
import acme.export

# The portions are two directories, and there is no file that `__file__` could name.
portions = len(acme.__path__)  # is 2
templates = os.path.join(os.path.dirname(acme.__file__), "templates")  # finding: namespace-without-file; raises TypeError: expected str, bytes or os.PathLike object, not NoneType

# A module in a portion has a file like any other.
name = os.path.basename(acme.export.__file__)  # is 'export.py'
