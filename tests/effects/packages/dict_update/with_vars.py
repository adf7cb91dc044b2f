import sys
import types

new = types.ModuleType(__name__)
vars(new).update({"__file__": __file__, "answer": 42})
sys.modules[__name__] = new
