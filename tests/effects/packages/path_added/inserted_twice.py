import sys
from os.path import dirname, join

vendor = join(dirname(__file__), "vendoring", "_vendor")
sys.path.insert(0, vendor)
try:
    import vendored
finally:
    sys.path.remove(vendor)
try:
    import from_vendor
except ImportError:
    sys.path += [vendor]
