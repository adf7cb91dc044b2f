from package import *
from package.without import *
