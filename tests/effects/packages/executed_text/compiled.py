import os

with open(os.path.join(os.path.dirname(__file__), "script.txt")) as file:
    exec(compile(file.read(), "script.txt", "exec"))
