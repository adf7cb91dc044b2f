__all__ = ["listed", "defined"]
__all__ += ["also"]
__all__.extend(name for name in ("extended",))
defined = 1
