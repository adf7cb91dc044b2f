try:
    import there
except ImportError:
    import never_a

try:
    import not_there
except ImportError:
    import there_instead
else:
    import never_b

try:
    import there_but_needs
except ModuleNotFoundError as error:
    assert error.name == "what_is_not_here"
    not_there = None
finally:
    import at_the_end

if not_there is None:
    import since_missing
