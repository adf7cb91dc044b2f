import sys

sys.modules["existing"] = None
try:
    import existing
except ImportError:
    import instead
sys.modules["package"] = None
