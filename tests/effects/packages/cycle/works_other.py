import sys

import works

if hasattr(works, "ready"):
    import works_never
elif "works" in sys.modules:
    import works_partly
