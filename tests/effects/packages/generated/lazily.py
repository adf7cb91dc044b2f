from deferring import deferred_imports

__deferred__ = {"not_yet"}

with deferred_imports():
    import not_yet
    import at_once

import at_last
