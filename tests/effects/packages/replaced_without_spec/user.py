import a_class, another
import plain_module as first
from plain_object import answer
