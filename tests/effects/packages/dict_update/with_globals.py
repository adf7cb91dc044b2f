import sys
from types import ModuleType


class Facade(ModuleType):
    pass


facade = Facade(__name__)
facade.__dict__.update(globals())
sys.modules[__name__] = facade
