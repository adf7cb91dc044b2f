import broken.fourth
