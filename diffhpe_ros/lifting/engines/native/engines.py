"""Engines on the compiled library: one window, or hypothesis, is one thread's work."""

from collections.abc import Callable

from torch import Tensor, nn

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
from diffhpe_ros.lifting.models.diffhpe import DiffHPE, DiffHPEWrapper
from diffhpe_ros.lifting.models.mixste import MixSTE


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


def _encoder(folded: FoldedDiffHPE) -> Callable[[Tensor], Tensor]:
    """Keypoints (B, J, L, 2) → the windows' part of the projected input (B, J, L, C)."""
    if isinstance(folded, FoldedDiffHPE2D):
        return folded.from_keypoints
    assert isinstance(folded, FoldedDiffHPEWrapper)
    return _TrunkEncoder(folded)


def why_not_native(model: nn.Module) -> str | None:
    """The reason why a model cannot run on the library on its device; None if it can."""
    if find_library() is None:
        return "there is none for this processor, or no C++ compiler when it was installed"
    device = next(model.parameters()).device
    if device.type != "cpu":
        return f"it runs on the cpu, not on {device}"
    if not isinstance(model, MixSTE | DiffHPE):
        return "it does not know diffpose and graformer"
    fits = True
    if isinstance(model, MixSTE | DiffHPEWrapper):
        fits = fits_trunk(model.trunk)
    if isinstance(model, DiffHPE):
        fits = fits and fits_denoiser(model.denoiser)
    return None if fits else "it was not written for a network of these sizes"


def make_native(model: MixSTE | DiffHPE) -> NativeMixSTE | NativeDiffHPE:
    """The engine of a model that nothing keeps from it."""
    folded = fold(model)
    return NativeMixSTE(folded) if isinstance(folded, FoldedMixSTE) else NativeDiffHPE(folded)
