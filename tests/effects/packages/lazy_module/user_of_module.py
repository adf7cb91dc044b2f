import models

configuration = models.configuration
other = models.FastModel
