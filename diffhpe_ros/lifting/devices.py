"""What devices do to those who use them: they run out of memory, or vanish."""

import gc
import re

import torch

_OF_A_DEVICE = re.compile(r"CUDA|cuDNN|CUBLAS", re.IGNORECASE)


def is_device_failure(error: BaseException) -> bool:
    """Whether a device has failed, rather than what was asked of it.

    torch has a class of its own for lack of memory only; the rest are RuntimeErrors of CUDA and
    its libraries.
    """
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and _OF_A_DEVICE.search(str(error)) is not None


def free_device_memory() -> None:
    """Give back the device's memory that nothing uses any more."""
    gc.collect()  # models are in cycles with their engines
    if torch.cuda.is_initialized():
        try:
            torch.cuda.empty_cache()
        except RuntimeError as error:
            if not is_device_failure(error):
                raise  # a device that is gone has nothing to give back
