from . import deeper
