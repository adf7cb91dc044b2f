def worker():
    pass
