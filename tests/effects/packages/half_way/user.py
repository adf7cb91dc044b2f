try:
    import broken
except RuntimeError:
    pass
import after
