from torch.utils import checkpoint, data, hooks
