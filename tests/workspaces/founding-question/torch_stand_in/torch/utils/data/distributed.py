from torch.utils.data.sampler import Sampler


class DistributedSampler(Sampler): ...
