import sys

import finder_class
from finder_class import Refusing

sys.meta_path.remove(Refusing)
import refused
