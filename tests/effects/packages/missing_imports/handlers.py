try:
    from there import no_such_name
except ModuleNotFoundError:
    import never_a
except (AttributeError, ImportError):
    import there_instead

try:
    import raises_value_error
except ImportError:
    import never_b
except Exception:
    import at_the_end

try:
    try:
        import not_there
    except KeyError:
        import never_c
except ImportError:
    import since_missing

try:
    import there.child
except ImportError:
    HAS_CHILD = False
else:
    HAS_CHILD = True
if HAS_CHILD:
    import never_a
