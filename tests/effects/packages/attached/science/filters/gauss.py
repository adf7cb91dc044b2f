def gauss():
    pass
