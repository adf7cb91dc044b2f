from .worker import worker
