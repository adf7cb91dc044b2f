def optional(name):
    try:
        return __import__(name)
    except ImportError:
        return None


there = optional("there")
missing = optional("not_there")
if missing:
    import never_a
if there:
    import since_missing
