from .. import started
from .. import other
