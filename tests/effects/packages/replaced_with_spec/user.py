import by_argument
import by_assignment
from by_copy import copy
