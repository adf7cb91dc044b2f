import lazyimports

import reports

print(lazyimports.__name__, reports.__file__)
