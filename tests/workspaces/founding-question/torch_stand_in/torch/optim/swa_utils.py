from torch.optim.lr_scheduler import _LRScheduler


class SWALR(_LRScheduler): ...
