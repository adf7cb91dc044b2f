from lazy import attach as _attach

__getattr__, __dir__, _ = _attach(__name__, submod_attrs={"gauss": ["gauss"]})
