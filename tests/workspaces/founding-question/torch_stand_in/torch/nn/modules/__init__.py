class Module: ...


from torch.nn.modules import batchnorm, container
