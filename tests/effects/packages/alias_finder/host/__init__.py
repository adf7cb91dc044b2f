from . import extern
