from torch.nn.modules import Module


class _BatchNorm(Module): ...
