from .filters import gauss


def sobel():
    pass


canny = gauss
