import sys
from importlib.abc import MetaPathFinder


class Base(MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        return None

    @classmethod
    def install(cls):
        sys.meta_path.append(cls())


class Derived(Base):
    pass


Derived.install()
