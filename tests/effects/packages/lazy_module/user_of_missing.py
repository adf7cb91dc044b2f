import models

try:
    models.nothing
except AttributeError:
    import user_of_class
