from torch.utils.data.dataset import IterableDataset


class DataLoader: ...


class _BaseDataLoaderIter: ...


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter): ...
