import sys
from sys import version_info

if sys.version_info >= (3, 9):
    import new_enough
else:
    import too_old

if version_info[0] < 3:
    import python2

if (3, 6) <= sys.version_info[:2] < (3, 10):
    import between

PY312 = sys.version_info >= (3, 12)
PY2 = sys.version_info.major == 2
text = "python2" if PY2 else "python3"
__import__(text)
if PY312 and not PY2:
    import py312
if sys.hexversion < 0x030900F0:
    import by_hexversion
if sys.version_info[1] > 8 or sys.version_info > (4,):
    import by_minor
