import space
from space import other

try:
    from space import nothing
except ImportError:
    import space.inner
