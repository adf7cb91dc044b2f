import types

from toolbox import as_module


@as_module
class Singleton(types.ModuleType):
    answer = 42
