from torch.autograd import profiler
from torch.autograd.function import Function
