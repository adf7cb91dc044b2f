try:
    from wrong import *
except AttributeError:
    import package.not_listed
