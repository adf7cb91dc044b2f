import sys
import types


class Checked(types.ModuleType):
    @property
    def value(self):
        import careful_value

        return careful_value


sys.modules[__name__].__class__ = Checked
