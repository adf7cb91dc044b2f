import importlib.util
import sys


class VendorImporter:
    def __init__(self, root_name, vendored_names=(), vendor_pkg=None):
        self.root_name = root_name
        self.vendored_names = set(vendored_names)
        self.vendor_pkg = vendor_pkg or root_name.replace("extern", "_vendor")

    @property
    def search_path(self):
        yield self.vendor_pkg + "."
        yield ""

    def _module_matches_namespace(self, fullname):
        root, base, target = fullname.partition(self.root_name + ".")
        return not root and base and target in self.vendored_names

    def create_module(self, spec):
        root, base, target = spec.name.partition(self.root_name + ".")
        for prefix in self.search_path:
            try:
                extant = prefix + target
                __import__(extant)
                mod = sys.modules[extant]
                sys.modules[spec.name] = mod
                return mod
            except ImportError:
                pass
        raise ImportError(target)

    def exec_module(self, module):
        pass

    def find_spec(self, fullname, path=None, target=None):
        return importlib.util.spec_from_loader(fullname, self) if self._module_matches_namespace(fullname) else None

    def install(self):
        if self not in sys.meta_path:
            sys.meta_path.append(self)


VendorImporter(__name__, ("inner", "outer"), "host._vendor").install()
