import host
from host.extern import inner
from host.extern import outer
