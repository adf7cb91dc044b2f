from ..configuration import Config


class SmallModel:
    config = Config
