from defines import helper
from defines import real
