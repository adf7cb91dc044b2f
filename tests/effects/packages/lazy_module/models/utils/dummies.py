class FastModel:
    pass
