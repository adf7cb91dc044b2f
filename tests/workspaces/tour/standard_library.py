# pyexpat, written in C, makes two submodules by hand and gives them no spec.
from importlib.util import find_spec

import xml.parsers.expat

name = xml.parsers.expat.__spec__.name  # is 'xml.parsers.expat'
name = xml.parsers.expat.errors.__spec__.name  # finding: module-without-spec; raises AttributeError: 'NoneType' object has no attribute 'name'
found = find_spec("xml.parsers.expat.errors")  # finding: find-spec-raises; raises ValueError: xml.parsers.expat.errors.__spec__ is None
