from contextlib import suppress

with suppress(ImportError):
    import there
    import not_there
    import never_a

import at_the_end
