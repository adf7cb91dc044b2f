from torch.optim import lr_scheduler, swa_utils
from torch.optim.optimizer import Optimizer


class LBFGS(Optimizer): ...
