"""A stand-in for PyTorch: the names that the import of pytorch-lightning 1.5.8, of torchmetrics 0.7.0
and of transformers' sub-packages reads.

This is not PyTorch and computes nothing. The real one is 800 MB; see ../README.md.
"""

__version__ = "1.7.1+stand.in"


class Tensor: ...


class FloatTensor(Tensor): ...


class LongTensor(Tensor): ...


class ScriptModule: ...


class device:
    def __init__(self, type, index=None): ...


class dtype: ...


class Size(tuple): ...


class no_grad:
    def __call__(self, function):
        return function


uint8 = dtype()
int = dtype()
float = float32 = dtype()


def tensor(*values): ...


def stack(tensors): ...


def mean(tensor): ...


def min(tensor): ...


def max(tensor): ...


def lt(left, right): ...


def gt(left, right): ...


def tanh(tensor): ...


def sigmoid(tensor): ...


def save(value, file): ...


def _softmax_backward_data(gradient, output, dimension, tensor): ...


def is_tensor(value):
    return isinstance(value, Tensor)


from torch import autograd, backends, cuda, distributed, jit, multiprocessing, nn, optim, quantization, utils
