from . import packages
