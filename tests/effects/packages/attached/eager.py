from science import sobel
