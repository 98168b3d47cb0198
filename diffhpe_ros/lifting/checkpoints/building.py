"""Builds the torch networks that configurations describe."""

from typing import Any

from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.diffusion.parameterisation import parameterisation
from diffhpe_ros.lifting.models.denoiser import Denoiser
from diffhpe_ros.lifting.models.diffhpe import DiffHPE2D, DiffHPEWrapper
from diffhpe_ros.lifting.models.diffpose.model import build_diffpose
from diffhpe_ros.lifting.models.graformer.pose import GraFormer
from diffhpe_ros.lifting.models.graformer.refiner import ReleasedDiffPose
from diffhpe_ros.lifting.models.mixste import MixSTE, MixSTETrunk
from diffhpe_ros.lifting.models.model import Model


def build_model(config: ModelConfig, drop_path: float = 0.0, dropout: float = 0.0) -> Model:
    """The network that a configuration describes, with fresh weights, in training mode.

    Args:
        config: the network's sizes.
        drop_path: stochastic depth rate of MixSTE's blocks.
        dropout: dropout rate of the denoiser's graph layers.
    """
    if config.architecture == "diffhpe-2d":
        return DiffHPE2D(_denoiser(config, 5, dropout), *_meaning(config))
    if config.architecture == "graformer":
        return GraFormer(config.graformer)
    if config.architecture == "diffpose-released" and config.refiner.encoder == "graformer":
        return ReleasedDiffPose(GraFormer(config.graformer), config.refiner)
    trunk = MixSTETrunk(
        frames=config.frames,
        channels=config.trunk.channels,
        depth=config.trunk.depth,
        heads=config.trunk.heads,
        mlp_ratio=config.trunk.mlp_ratio,
        drop_path=drop_path,
    )
    if config.architecture == "mixste":
        return MixSTE(trunk)
    if config.architecture == "diffpose":
        return build_diffpose(trunk, config.diffpose)
    if config.architecture == "diffpose-released":
        return ReleasedDiffPose(MixSTE(trunk), config.refiner)
    inputs = 2 * config.trunk.channels
    share = config.denoiser.backbone_share
    return DiffHPEWrapper(trunk, _denoiser(config, inputs, dropout), *_meaning(config), share)


def _denoiser(config: ModelConfig, inputs: int, dropout: float) -> Denoiser:
    sizes = config.denoiser
    return Denoiser(inputs, sizes.channels, sizes.blocks, config.frames, sizes.steps, dropout)


def _meaning(config: ModelConfig) -> tuple[Any, float]:
    return parameterisation(config.denoiser.prediction), config.denoiser.pose_scale
