supported_engines = []
