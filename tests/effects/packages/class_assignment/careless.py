import sys
from types import ModuleType


class Callable(ModuleType):
    def __call__(self):
        return self


me = sys.modules.get(__name__)
if me is not None and not isinstance(me, Callable):
    me.__class__ = Callable
