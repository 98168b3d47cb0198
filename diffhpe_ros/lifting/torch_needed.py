"""What needs torch, on machines that have none."""

from importlib.util import find_spec

from diffhpe_ros.errors import DiffhpeError


def has_torch() -> bool:
    """Whether torch is installed; it is not imported."""
    return find_spec("torch") is not None


def require_torch(reason: str) -> None:
    """Check that torch is installed.

    Args:
        reason: what needs it, such as "the engine folded runs on torch".

    Raises:
        DiffhpeError: it is not.
    """
    if not has_torch():
        raise DiffhpeError(without_torch(reason))


def without_torch(reason: str) -> str:
    """What a user is told; the reason as for `require_torch`."""
    return f"{reason}, which is not installed: pip install 'diffhpe_ros[torch]'"
