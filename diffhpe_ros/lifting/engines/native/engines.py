"""Engines on the compiled library: one window, or hypothesis, is one thread's work."""

from collections.abc import Callable
from functools import singledispatch

from torch import Tensor, nn

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.engines.folded.engines import (
    FoldedDiffHPE,
    FoldedDiffHPE2D,
    FoldedDiffHPEWrapper,
    FoldedMixSTE,
    fold,
)
from diffhpe_ros.lifting.engines.native.library import find_library
from diffhpe_ros.lifting.engines.native.networks import (
    NativeDenoiser,
    NativeTrunk,
    fits_denoiser,
    fits_trunk,
)
from diffhpe_ros.lifting.models.diffhpe import DiffHPE2D, DiffHPEWrapper
from diffhpe_ros.lifting.models.mixste import MixSTE
from diffhpe_ros.lifting.models.model import Model


class NativeMixSTE:
    """MixSTE.

    Args:
        folded: on the CPU.
    """

    def __init__(self, folded: FoldedMixSTE) -> None:
        self._trunk, self._head = NativeTrunk(folded.trunk), folded.head

    def __call__(self, x_2d: Tensor) -> Tensor:
        """See `PoseEngine.__call__`."""
        poses: Tensor = self._head(self._trunk(x_2d.transpose(1, 2))).transpose(1, 2)
        return poses


class NativeDiffHPE:
    """A diffusion model.

    Args:
        folded: on the CPU.
    """

    def __init__(self, folded: FoldedDiffHPE) -> None:
        self._order, self._back = folded.order, folded.back
        self._from_pose = folded.from_pose
        self._denoiser = NativeDenoiser(folded.denoiser)
        self._encode = _encoder(folded)

    def condition(self, x_2d: Tensor) -> Tensor:
        """See `DenoisingEngine.condition`; (B, J, L, C or C + 3), joints in part order."""
        return self._encode(x_2d[:, :, self._order].transpose(1, 2))

    def __call__(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """See `DenoisingEngine.__call__`."""
        poses = x_t[:, :, self._order].transpose(1, 2) @ self._from_pose  # (N, J, L, C)
        channels = poses.shape[-1]
        windows = (len(condition), -1)
        x = poses.unflatten(0, windows).add_(condition[:, None, ..., :channels]).relu_()
        output = self._denoiser(x.flatten(0, 1), t)
        if condition.shape[-1] > channels:  # the poses of the backbone
            output = (output.unflatten(0, windows) + condition[:, None, ..., channels:]).flatten(
                0, 1
            )
        return output[:, self._back].transpose(1, 2)


class _TrunkEncoder:
    """A wrapper's encoder: the trunk, and what is made of its features."""

    def __init__(self, folded: FoldedDiffHPEWrapper) -> None:
        self._trunk, self._encode = NativeTrunk(folded.trunk), folded.encode

    def __call__(self, x_2d: Tensor) -> Tensor:
        return self._encode(self._trunk(x_2d), joints=1)


@singledispatch
def _encoder(folded: FoldedDiffHPE) -> Callable[[Tensor], Tensor]:
    """Keypoints (B, J, L, 2) → the windows' part of the projected input (B, J, L, C)."""
    raise DiffhpeError(f"there is no native encoder for a model {type(folded).__name__}")


_encoder.register(FoldedDiffHPEWrapper, _TrunkEncoder)


@_encoder.register
def _(folded: FoldedDiffHPE2D) -> Callable[[Tensor], Tensor]:
    return folded.from_keypoints


def why_not_native(model: Model) -> str | None:
    """The reason why a model cannot run on the library on its device; None if it can."""
    if find_library() is None:
        return "there is none for this processor, or no C++ compiler when it was installed"
    device = next(model.parameters()).device
    if device.type != "cpu":
        return f"it runs on the cpu, not on {device}"
    if "native" not in model.engines:
        return "it does not know diffpose and graformer"
    return None if _fits(model) else "it was not written for a network of these sizes"


@singledispatch
def _fits(model: nn.Module) -> bool:
    """Whether the library was written for networks of this model's sizes."""
    return False


@_fits.register
def _(model: MixSTE) -> bool:
    return fits_trunk(model.trunk)


@_fits.register
def _(model: DiffHPE2D) -> bool:
    return fits_denoiser(model.denoiser)


@_fits.register
def _(model: DiffHPEWrapper) -> bool:
    return fits_trunk(model.trunk) and fits_denoiser(model.denoiser)


def make_native(model: Model) -> NativeMixSTE | NativeDiffHPE:
    """The engine of a model that nothing keeps from it."""
    return _from_folded(fold(model))


@singledispatch
def _from_folded(folded: nn.Module) -> NativeMixSTE | NativeDiffHPE:
    """The engine of a folded one."""
    raise DiffhpeError(f"there is no native engine for a model {type(folded).__name__}")


_from_folded.register(FoldedMixSTE, NativeMixSTE)
_from_folded.register(FoldedDiffHPE, NativeDiffHPE)
