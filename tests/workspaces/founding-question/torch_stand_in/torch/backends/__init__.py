from torch.backends import quantized
