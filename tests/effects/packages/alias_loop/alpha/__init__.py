from . import core
from .util import ssl_
