import rebinds
from rebinds import worker

import rebinds.worker
