def script(function):
    return function


def unused(function):
    return function
