import sys


class Settings:
    debug = False


sys.modules["a_class"] = Settings
