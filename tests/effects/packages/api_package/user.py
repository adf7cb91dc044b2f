import api

api.error
api.path.local
