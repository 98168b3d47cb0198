"""Devices that models run on, and how device failures are recognised.

The CPU needs no torch. All other devices do.
"""

import ctypes
import gc
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.torch_needed import has_torch, require_torch

_NAMES = re.compile(r"cpu|cuda(:(?P<index>\d+))?")
_DRIVER = "libcuda.so.1"
_OF_A_DEVICE = re.compile(r"CUDA|cuDNN|CUBLAS", re.IGNORECASE)


def check_device(name: str) -> None:
    """Check that this device exists.

    Raises:
        DiffhpeError: the name is not cpu, cuda or cuda:N, or there is no such device.
    """
    known = _NAMES.fullmatch(name)
    if known is None:
        raise DiffhpeError(f"unknown device {name!r}; expected cpu, cuda or cuda:N")
    if name == "cpu":
        return
    require_torch(f"device {name!r} needs torch")
    import torch

    if int(known["index"] or 0) >= torch.cuda.device_count():
        raise DiffhpeError(
            f"device {name!r} is not available: torch {torch.__version__} finds"
            f" {torch.cuda.device_count()} CUDA devices; use cpu"
        )


@contextmanager
def single_precision() -> Iterator[None]:
    """Compute in float32 even if the calling program has set autocast or another default dtype."""
    import torch

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
    """Whether torch finds a CUDA device. Without a CUDA driver, torch is not imported."""
    if not has_torch():
        return False
    try:
        ctypes.CDLL(_DRIVER)
    except OSError:
        return False
    import torch

    return torch.cuda.device_count() > 0


def is_device_failure(error: BaseException) -> bool:
    """Whether an error is a device's failure rather than a wrong request.

    torch has its own exception only for running out of memory. Other failures are RuntimeErrors
    from CUDA and its libraries.
    """
    torch = sys.modules.get("torch")  # if it is not imported, nothing has used a device
    if torch is not None and isinstance(error, torch.cuda.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and _OF_A_DEVICE.search(str(error)) is not None


def free_device_memory() -> None:
    """Release cached memory of the device."""
    gc.collect()  # models and engines refer to each other in cycles
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        try:
            torch.cuda.empty_cache()
        except RuntimeError as error:
            if not is_device_failure(error):
                raise  # a lost device has nothing to release
