import fails_before
from fails_other import value

name = 1
