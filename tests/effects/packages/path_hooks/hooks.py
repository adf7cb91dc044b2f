import sys


class MemoryFinder:
    PREFIX = "memory:"

    def __init__(self, path):
        if not path.startswith(self.PREFIX):
            raise ImportError(path)

    def find_spec(self, fullname, target=None):
        return None


def hook(path):
    raise ImportError


def make(kind):
    def nested_hook(path):
        raise ImportError(kind)

    return nested_hook


sys.path_hooks.append(MemoryFinder)
sys.path_hooks.insert(0, hook)
sys.path_hooks += [make("a")]
sys.path.append("memory:one")
sys.path_importer_cache.clear()
import imported_after
