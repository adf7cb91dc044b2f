import atexit
import functools


def load(name):
    return __import__(name)


def call(function, *arguments, **keywords):
    return function(*arguments, **keywords)


map(load, ["never"])
list(map(load, ["by_map"]))
atexit.register(load, "never")
later = functools.partial(load, "by_partial")
later()
never = functools.partial(load, "never")
call(load, "by_call")
call(lambda *, name: load(name), name="by_lambda")
for loader in (load,):
    loader("by_loop")
{"load": load}["load"]("by_table")
