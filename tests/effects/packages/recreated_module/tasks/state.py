current = None
