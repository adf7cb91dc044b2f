from functools import lru_cache, wraps


def importing(name):
    def decorate(function):
        __import__(name)

        @wraps(function)
        def wrapper(*arguments):
            import by_wrapper

            return function(*arguments)

        return wrapper

    return decorate


@importing("by_decorator")
def called():
    import by_called


@importing("by_loop")
def not_called():
    import never


@lru_cache(maxsize=None)
def cached():
    import by_map


called()
cached()
