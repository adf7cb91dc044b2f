import sys

import counted

del sys.modules["counted"]
import counted as once_more

if counted is not once_more:
    import different
