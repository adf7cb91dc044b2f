from contextlib import contextmanager


def names():
    import begun

    yield "one"
    import between

    yield "two"
    import never


for name in names():
    __import__(name)
    if name == "two":
        break


def more():
    yield from ("three", "four")
    yield from inner()


def inner():
    try:
        yield "five"
    finally:
        import at_end


found = [__import__(name) for name in more()]


@contextmanager
def catching():
    try:
        yield "six"
    except KeyError:
        import caught


with catching() as name:
    __import__(name)
    raise KeyError


def first():
    yield "seven"
    import not_asked_for


__import__(next(first()))
unused = first()
