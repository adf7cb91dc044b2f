top = __import__("fromlist.one")
assert top.__name__ == "fromlist"
__import__("fromlist.two", fromlist=["deep"])
__import__("three", globals(), locals(), ["x"], 1)
__import__("fromlist.four", {}, {}, [""])
