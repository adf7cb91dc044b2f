import sys

from . import local

__version__ = "1"
STATICA_HACK = True
globals()["kcah_acitats"[::-1].upper()] = False
if STATICA_HACK:
    from tasks.app import Task

old_module, new_module = local.recreate_module(
    __name__,
    by_module={"tasks.app": ["Task", "group"], "tasks.state": ["current"]},
    direct={"result": "tasks.result"},
    __file__=__file__,
    __package__="tasks",
    __path__=__path__,
    __version__=__version__,
)
