class Capture:
    pass


class Text:
    pass
