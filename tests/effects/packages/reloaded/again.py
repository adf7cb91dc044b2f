import importlib

import counted

importlib.reload(counted)
