def not_called():
    import never


def called():
    import taken

    return
    import never


class Body:
    import taken_too

    def method(self):
        import never

    def __init__(self, default=__import__("debug")):
        self.late = lambda: __import__("never")


called()
lazy = (__import__(name) for name in ["never"])
eager = [__import__(name) for name in ["alternative"]]


async def coroutine():
    import never


def generator():
    import never

    yield


coroutine().close()
generator()
