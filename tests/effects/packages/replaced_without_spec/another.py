import sys

import helper_of_another

sys.modules[__name__] = helper_of_another
