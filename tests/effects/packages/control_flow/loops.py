for name in ("zero", "missing_one", "one", "never"):
    try:
        module = __import__(name)
    except ImportError:
        continue
    if name == "one":
        break
else:
    import never

count = 0
while count < 2:
    count += 1
    __import__(["", "two", "three"][count])
else:
    import after_while


def first_of(*names):
    for name in names:
        try:
            return __import__(name)
        except ImportError:
            pass
    return None


json_like = first_of("missing_fast", "four", "never")
backend = None
for candidate in ["missing_a", "missing_b"]:
    try:
        backend = __import__(candidate)
        break
    except ImportError:
        pass
if backend is None:
    import without_backend
