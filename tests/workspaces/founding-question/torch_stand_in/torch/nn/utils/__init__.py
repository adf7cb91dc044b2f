from torch.nn.utils import prune
