import sys
from types import ModuleType


class Wrapper(ModuleType):
    def __init__(self, name, spec=None, **names):
        super().__init__(name)
        self.__spec__ = spec
        self.__dict__.update(names)


sys.modules[__name__] = Wrapper(__name__, spec=__spec__, answer=42)
