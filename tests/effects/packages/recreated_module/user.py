from tasks import group
from tasks import result
