from torch.utils.tensorboard import summary


class SummaryWriter: ...
