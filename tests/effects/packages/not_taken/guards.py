import typing
from typing import TYPE_CHECKING

MYPY = False
if TYPE_CHECKING:
    import never
elif typing.TYPE_CHECKING or MYPY:
    import never
else:
    import taken
if False:
    import never
if 0:
    import never
while False:
    import never
if not TYPE_CHECKING:
    import taken_too
if __name__ == "__main__":
    import never
if __debug__:
    import debug
DEBUG = None
DEBUG and __import__("never")
DEBUG or __import__("alternative")
