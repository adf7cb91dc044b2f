import library

if hasattr(library, "Nothing"):
    import library.writing
elif hasattr(library, "Reader"):
    pass
