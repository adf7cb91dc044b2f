import sys
from types import ModuleType


class ErrorMaker(ModuleType):
    pass


error = ErrorMaker("api.error")
sys.modules["api.error"] = error
