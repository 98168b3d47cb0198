"""Devices that models run on, and how their failures are recognised."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from diffhpe_ros.errors import DiffhpeError

_OF_A_DEVICE = re.compile(r"CUDA|cuDNN|CUBLAS", re.IGNORECASE)


def find_device(name: str) -> torch.device:
    """The device of that name.

    Raises:
        DiffhpeError: the name is not cpu, cuda or cuda:N, or there is no such device.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DiffhpeError(f"unknown device {name!r}; expected cpu, cuda or cuda:N") from error
    if device.type not in ("cpu", "cuda"):
        raise DiffhpeError(f"unknown device {name!r}; expected cpu, cuda or cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DiffhpeError(
            f"device {name!r} is not there: torch {torch.__version__} finds"
            f" {torch.cuda.device_count()} CUDA devices; use cpu"
        )
    return device


@contextmanager
def single_precision() -> Iterator[None]:
    """float32 whatever the program around has set: autocast, or another default dtype."""
    default = torch.get_default_dtype()
    with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
        if default == torch.float32:
            yield
            return
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(default)


def has_cuda() -> bool:
    """Whether torch finds a CUDA device."""
    return torch.cuda.device_count() > 0


def use_threads(count: int) -> None:
    """Set the CPU threads of torch in this process."""
    torch.set_num_threads(count)


def is_device_failure(error: BaseException) -> bool:
    """Whether an error is a device's failure rather than a wrong request.

    torch has a class of its own for lack of memory only; the rest are RuntimeErrors of CUDA and
    its libraries.
    """
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and _OF_A_DEVICE.search(str(error)) is not None


def free_device_memory() -> None:
    """Release cached memory of the device."""
    gc.collect()  # models are in cycles with their engines
    if torch.cuda.is_initialized():
        try:
            torch.cuda.empty_cache()
        except RuntimeError as error:
            if not is_device_failure(error):
                raise  # a lost device has nothing to release
