from . import third

value = 1
