"""Models on the compiled library; one thread computes one window or hypothesis.

They use numpy arrays throughout and are their own engines. Nothing in them needs torch.
"""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.diffusion.parameterisation import parameterisation
from diffhpe_ros.lifting.diffusion.schedule import CosineSchedule
from diffhpe_ros.lifting.engines.folding.networks import (
    FOLDED,
    DiffHPEWeights,
    MixSTEWeights,
    WrapperEncoderWeights,
    fold_weights,
)
from diffhpe_ros.lifting.engines.native.library import find_library
from diffhpe_ros.lifting.engines.native.networks import NativeDenoiser, NativeTrunk, fits
from diffhpe_ros.lifting.models.base import DeterministicModel, DiffusionModel
from diffhpe_ros.lifting.skeleton_graph import PART_ORDER
from diffhpe_ros.lifting.weights import Weights
from diffhpe_ros.skeleton import HIP

Array = NDArray[np.float32]
_ORDER, _BACK = list(PART_ORDER), np.argsort(PART_ORDER)


class NativeMixSTE(DeterministicModel):
    """MixSTE.

    Args:
        network: its folded weights.
    """

    def __init__(self, network: MixSTEWeights) -> None:
        self._trunk, self._head = NativeTrunk(network.trunk), network.head

    def __call__(self, x_2d: Array) -> Array:
        """See `PoseEngine.__call__`."""
        return self._head(self._trunk(x_2d.swapaxes(1, 2))).swapaxes(1, 2)


class NativeDiffHPE(DiffusionModel):
    """A diffusion model.

    Args:
        config: the model's configuration.
        network: its folded weights.
    """

    def __init__(self, config: ModelConfig, network: DiffHPEWeights) -> None:
        self.schedule = CosineSchedule(config.denoiser.steps)
        self.parameterisation = parameterisation(config.denoiser.prediction)
        self.pose_scale = config.denoiser.pose_scale
        self._from_pose = network.from_pose
        self._denoiser = NativeDenoiser(network.denoiser)
        encoder = network.encoder
        self._encode = (
            _WrapperEncoder(encoder) if isinstance(encoder, WrapperEncoderWeights) else encoder
        )

    def condition(self, x_2d: Array) -> Array:
        """See `DenoisingEngine.condition`; (B, J, L, C or C + 3), joints in part order."""
        return self._encode(x_2d[:, :, _ORDER].swapaxes(1, 2))

    def __call__(self, x_t: Array, t: NDArray[np.int64], condition: Array) -> Array:
        """See `DenoisingEngine.__call__`."""
        channels = self._from_pose.shape[1]
        poses = x_t[:, :, _ORDER].swapaxes(1, 2)  # (N, J, L, 3)
        of_window = (len(condition), -1, *poses.shape[1:3])
        x = (poses.reshape(-1, 3) @ self._from_pose).reshape(*of_window, channels)
        x += condition[:, None, ..., :channels]
        np.maximum(x, 0, out=x)
        output = self._denoiser(x.reshape(*poses.shape[:3], channels), t)
        if condition.shape[-1] > channels:  # the backbone's poses
            by_window = output.reshape(*of_window, 3)
            by_window += condition[:, None, ..., channels:]
        return output[:, _BACK].swapaxes(1, 2)


class _WrapperEncoder:
    """The trunk, and the maps from its features."""

    def __init__(self, encoder: WrapperEncoderWeights) -> None:
        self._trunk = NativeTrunk(encoder.trunk)
        self._from_features, self._backbone = encoder.from_features, encoder.backbone

    def __call__(self, x_2d: Array) -> Array:
        features = self._trunk(x_2d)
        projected = self._from_features(features)
        if self._backbone is None:
            return projected
        poses = self._backbone(features)
        return np.concatenate([projected, poses - poses[:, _BACK[HIP], None]], -1)


NativeModel = NativeMixSTE | NativeDiffHPE


def why_not_native(config: ModelConfig, device: str = "cpu") -> str | None:
    """Why a model cannot run with the library on a device; None if it can."""
    if find_library() is None:
        return (
            "its library was not compiled for this processor, or no C++ compiler was found when"
            " the package was installed"
        )
    if device != "cpu":
        return f"it runs only on the cpu, not on {device}"
    if config.architecture not in FOLDED:
        return "it does not support diffpose and graformer"
    return None if fits(config) else "it does not support a network of these sizes"


def make_native(config: ModelConfig, weights: Weights) -> NativeModel:
    """Create a model on the library; `why_not_native` must have given no reason against it.

    Raises:
        DiffhpeError: the weights do not fit the configuration.
    """
    network = fold_weights(config, weights)
    if isinstance(network, MixSTEWeights):
        return NativeMixSTE(network)
    return NativeDiffHPE(config, network)
