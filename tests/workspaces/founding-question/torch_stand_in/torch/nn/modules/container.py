from torch.nn.modules import Module


class ModuleDict(Module): ...


class ModuleList(Module): ...


class Sequential(Module): ...
