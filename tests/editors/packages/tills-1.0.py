"""Asks whether another package is there."""
from importlib.util import find_spec

has_wares = find_spec("wares") is not None
