import toolbox

NEW = 1
OLDER = toolbox.deprecated(NEW, __name__, "no longer")
EVEN_OLDER = toolbox.deprecated(NEW, __name__, "no longer")
