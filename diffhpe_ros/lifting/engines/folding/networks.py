"""Folds whole networks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.engines.folding.denoiser import DenoiserWeights, fold_denoiser
from diffhpe_ros.lifting.engines.folding.trunk import TrunkWeights, fold_trunk
from diffhpe_ros.lifting.skeleton_graph import PART_ORDER
from diffhpe_ros.lifting.weights import Affine, NamedWeights, Weights
from diffhpe_ros.skeleton import NUM_JOINTS

Array = NDArray[np.float32]
COUNTER = "num_batches_tracked"
"""The counter of batches that a BatchNorm keeps in training; not needed here."""


@dataclass(frozen=True)
class MixSTEWeights:
    """MixSTE; joints are in the skeleton's order."""

    trunk: TrunkWeights
    head: Affine
    """C → 3, metres."""


@dataclass(frozen=True)
class WrapperEncoderWeights:
    """A DiffHPE-Wrapper's encoder of windows; joints are in `PART_ORDER`."""

    trunk: TrunkWeights
    from_features: Affine
    """The trunk's channels → the denoiser's."""
    backbone: Affine | None
    """The trunk's channels → poses that are added to the denoiser's output, before their root is
    subtracted; None if no poses are added."""


@dataclass(frozen=True)
class DiffHPEWeights:
    """A diffusion model.

    The input projection is split into two parts. The condition's part is fixed for a window; only
    the noisy pose's part changes from step to step.
    """

    from_pose: Array
    """(3, C), noisy poses → their part of the projected input."""
    encoder: Affine | WrapperEncoderWeights
    """The windows' part: from the keypoints, 2 → C, or from a MixSTE's features."""
    denoiser: DenoiserWeights


NetworkWeights = MixSTEWeights | DiffHPEWeights


def fold_weights(config: ModelConfig, weights: Weights) -> NetworkWeights:
    """Fold a model's network; `FOLDED` lists the architectures.

    Raises:
        DiffhpeError: the weights do not fit the configuration, or the architecture is not in
            `FOLDED`.
    """
    if config.architecture not in FOLDED:
        raise DiffhpeError(f"there is no folded engine for a model {config.architecture}")
    named = NamedWeights(weights)
    network = FOLDED[config.architecture](config, named)
    named.check_all_used(COUNTER)
    return network


def _mixste(config: ModelConfig, weights: NamedWeights) -> MixSTEWeights:
    order = tuple(range(NUM_JOINTS))
    return MixSTEWeights(
        fold_trunk(weights.below("trunk"), config.trunk, config.frames, order),
        weights.linear("head", config.trunk.channels, 3),
    )


def _diffhpe_2d(config: ModelConfig, weights: NamedWeights) -> DiffHPEWeights:
    projection = weights.linear("denoiser.input_projection", 3 + 2, config.denoiser.channels)
    return DiffHPEWeights(
        from_pose=projection.weight[:3],
        encoder=Affine(projection.weight[3:], projection.bias),
        denoiser=fold_denoiser(weights.below("denoiser"), config.denoiser, config.frames),
    )


def _diffhpe_wrapper(config: ModelConfig, weights: NamedWeights) -> DiffHPEWeights:
    features, channels = config.trunk.channels, config.denoiser.channels
    projection = weights.linear("denoiser.input_projection", 2 * features, channels)
    of_pose, of_features = np.split(projection.weight, 2)
    pose_encoder = weights.linear("pose_encoder", 3, features)
    denoiser = fold_denoiser(weights.below("denoiser"), config.denoiser, config.frames)
    share, backbone = config.denoiser.backbone_share, None
    if share is not None:
        backbone = _scaled(weights.linear("head", features, 3), share / config.denoiser.pose_scale)
        denoiser = replace(denoiser, output2=_scaled(denoiser.output2, 1 - share))
    trunk = fold_trunk(weights.below("trunk"), config.trunk, config.frames, PART_ORDER)
    from_features = Affine(of_features, projection.bias + pose_encoder.bias @ of_pose)
    return DiffHPEWeights(
        from_pose=pose_encoder.weight @ of_pose,
        encoder=WrapperEncoderWeights(trunk, from_features, backbone),
        denoiser=denoiser,
    )


def _scaled(affine: Affine, factor: float) -> Affine:
    return Affine(affine.weight * np.float32(factor), affine.bias * np.float32(factor))


FOLDED: Mapping[str, Callable[[ModelConfig, NamedWeights], NetworkWeights]] = {
    "mixste": _mixste,
    "diffhpe-2d": _diffhpe_2d,
    "diffhpe-wrapper": _diffhpe_wrapper,
}
"""Architectures that can be folded."""
