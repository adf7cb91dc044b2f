import sys


class Refusing:
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname == "refused":
            raise ImportError(fullname)
        return None


sys.meta_path.insert(0, Refusing)
try:
    import refused
except ImportError:
    import imported_after
