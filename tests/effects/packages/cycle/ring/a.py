early = 1
from . import b

after = b.late
