# `settings` puts another object in its place while it is imported. It works, until something asks for its spec.
from importlib.util import find_spec

available = find_spec("settings") is not None  # is True

import settings

colour = settings.COLOUR  # is 'the value of COLOUR'
name = settings.__spec__.name  # finding: module-without-spec; raises AttributeError: 'NoneType' object has no attribute 'name'

# The same question as above, after the import.
available = find_spec("settings") is not None  # finding: find-spec-raises; raises ValueError: settings.__spec__ is None
