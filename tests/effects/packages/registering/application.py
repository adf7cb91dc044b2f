from framework.registry import Registry, register
from framework import setup

setup(["ext_one", "ext_two"], strict=False)
registry = Registry("application.registered")
registry.add("a").add("b", alias="c")
register()
