"""Test-time augmentation: a window is lifted together with transformed copies of it.

Bodies are symmetric, but a network is not: its error on the mirrored window is partly independent.
So the mean of a window's pose and the mirrored window's pose, mirrored back, is more accurate. The
papers call it flip augmentation (VideoPose3D, Pavllo et al., CVPR 2019).
"""

from typing import Protocol

from diffhpe_ros.errors import DiffhpeError, unknown
from diffhpe_ros.lifting.arrays import Array, alternating, library_of
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.lifting.window_batch import WindowBatch
from diffhpe_ros.skeleton import MIRRORED


class Augmentation(Protocol):
    """Transforms windows before lifting, and transforms their hypotheses back."""

    views: int
    """V, the number of windows that it makes from one."""

    def apply(self, seen: WindowBatch) -> WindowBatch:
        """B windows in the model's view → V·B; the views of one window are adjacent."""

    def undo(self, poses: Array) -> Array:
        """The views' hypotheses (V·B, H/V, L, J, 3) → (B, H, L, J, 3), transformed back."""


class NoAugmentation:
    """Leaves windows unchanged."""

    views = 1

    def apply(self, seen: WindowBatch) -> WindowBatch:
        """See `Augmentation`."""
        return seen

    def undo(self, poses: Array) -> Array:
        """See `Augmentation`."""
        return poses


class Flip:
    """A window and its mirror image; the first half of the hypotheses are the window's own."""

    views = 2

    def apply(self, seen: WindowBatch) -> WindowBatch:
        """See `Augmentation`."""
        both = zip(vars(seen).values(), vars(mirrored(seen)).values(), strict=True)
        return WindowBatch(*(alternating(each) for each in both))

    def undo(self, poses: Array) -> Array:
        """See `Augmentation`."""
        original, flipped = poses[::2], _negate_first(_change_sides(poses[1::2], -2))
        return library_of(poses).concatenate([original, flipped], 1)


AUGMENTATIONS: dict[str, type[Augmentation]] = {"none": NoAugmentation, "flip": Flip}


def create_augmentation(preset: Preset) -> Augmentation:
    """The augmentation of a preset.

    Raises:
        DiffhpeError: there is none with this name, or it cannot be combined with the preset's
            start.
    """
    name = preset.augmentation
    if name not in AUGMENTATIONS:
        raise unknown("augmentation", name, AUGMENTATIONS)
    if name != "none" and preset.start == "previous":
        raise DiffhpeError(
            f"start 'previous' cannot be combined with augmentation {name!r}; use 'none'"
        )
    return AUGMENTATIONS[name]()


def per_view(hypotheses: int, augmentation: Augmentation) -> int:
    """The number of hypotheses for each window that an augmentation makes from one.

    Raises:
        DiffhpeError: they cannot be divided evenly.
    """
    each, left = divmod(hypotheses, augmentation.views)
    if left:
        raise DiffhpeError(
            f"hypotheses must be a multiple of {augmentation.views}, the window and its mirror"
            f" image, got {hypotheses}"
        )
    return each


def mirrored(seen: WindowBatch) -> WindowBatch:
    """The mirrored windows: x changes sign, left and right joints change places."""
    covariance = _negate_first(_change_sides(seen.covariance_2d, 2))  # once per dimension
    return WindowBatch(
        _negate_first(_change_sides(seen.x_2d, 2)),
        _change_sides(seen.confidence, 2),
        _negate_first(covariance.swapaxes(-1, -2)).swapaxes(-1, -2),
    )


def _change_sides(values: Array, joints: int) -> Array:
    """Swap left and right joints; `joints` is their dimension.

    This uses no index array: it would be copied to the device, which a CUDA graph cannot do.
    """
    library = library_of(values)
    each = library.moveaxis(values, joints, 0)
    return library.stack([each[joint] for joint in MIRRORED], joints)


def _negate_first(values: Array) -> Array:
    """Change the sign of x, the first element of the last dimension."""
    return library_of(values).concatenate([-values[..., :1], values[..., 1:]], -1)
