def check(minimum):
    if minimum > 3:
        raise RuntimeError("too old")
    import checked


def guarded():
    try:
        return check(4)
    finally:
        import in_finally


class Missing(ImportError):
    pass


try:
    guarded()
    import never
except RuntimeError as error:
    import handled
check(2)
try:
    raise Missing("this")
except ImportError:
    import handled_subclass
try:
    {}["key"]
    import never
except LookupError:
    import handled_lookup
try:
    int("x")
    import never
except (TypeError, ValueError):
    import handled_value
assert True, "no"
try:
    undefined_name
except NameError:
    import handled_name
