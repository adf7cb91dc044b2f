from torch.utils.data.dataset import Dataset, IterableDataset
from torch.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from torch.utils.data.dataloader import DataLoader
from torch.utils.data.distributed import DistributedSampler


def get_worker_info(): ...
