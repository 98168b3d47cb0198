"""Checks for torch, and the message where it is missing."""

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.extras import how_to_install, is_installed


def has_torch() -> bool:
    """Whether torch is installed; it is not imported."""
    return is_installed("torch")


def require_torch(reason: str) -> None:
    """Check that torch is installed.

    Args:
        reason: what needs it, such as "the engine folded runs on torch".

    Raises:
        DiffhpeError: torch is not installed.
    """
    if not has_torch():
        raise DiffhpeError(without_torch(reason))


def without_torch(reason: str) -> str:
    """The message for the user; `reason` is as for `require_torch`."""
    return f"{reason}, which is not installed: {how_to_install('torch')}"
