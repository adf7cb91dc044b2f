import ring.a
from ring.a import early

late = 2
try:
    from ring.a import after
except ImportError:
    import ring.c
