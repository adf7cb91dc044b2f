try:
    import fails
except ImportError:
    pass
import fails_after
