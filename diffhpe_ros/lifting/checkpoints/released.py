"""Checkpoints that other code released: read without running any of it."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.checkpoints import released_diffhpe, released_diffpose
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig


def read_released(path: Path, encoder: Path | None = None) -> tuple[ModelConfig, dict[str, Tensor]]:
    """A released .pth, .pt or .bin file → the model's configuration and our state dict.

    Args:
        path: of the file.
        encoder: of a DiffPose checkpoint, the file of the GraFormer or MixSTE that it refines.

    Raises:
        DiffhpeError: a file is missing, damaged, holds more than tensors, or is no checkpoint
            that is known; or DiffPose's lacks its encoder, or another has one.
    """
    config, state = _read(path)
    if config.architecture == "diffpose-released":
        if encoder is None:
            raise DiffhpeError(
                f"{path}: DiffPose's denoiser alone; the file of the GraFormer (or MixSTE) whose"
                " poses it refines is expected, too: diffhpe convert --encoder FILE"
            )
        return released_diffpose.with_encoder(config, state, *_read(encoder), encoder)
    if encoder is not None:
        raise DiffhpeError(f"{path}: a {config.architecture} checkpoint, which takes no encoder")
    return config, state


def _read(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    """One file."""
    state = _tensors(_load(path), path)
    for family in (released_diffhpe, released_diffpose):
        architecture = family.architecture_of(state)
        if architecture is None:
            continue
        try:
            return family.translate(architecture, state)
        except (KeyError, ValueError, TypeError, IndexError, RuntimeError) as error:
            raise DiffhpeError(
                f"{path}: the {architecture} checkpoint is incomplete or misshapen ({error})"
            ) from error
    names = ", ".join(list(state)[:3]) or "no tensors"
    raise DiffhpeError(
        f"{path}: no known checkpoint; expected the names of MixSTE, DiffHPE-2D, DiffHPE-Wrapper,"
        f" GraFormer or DiffPose, found {names}, ..."
    )


def _load(path: Path) -> Any:
    if not path.is_file():
        raise DiffhpeError(f"{path}: no such checkpoint file")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise DiffhpeError(
            f"{path}: refused, since it holds more than tensors (loading it could run code)"
            " or is damaged; expected a state dict"
        ) from error
    except Exception as error:  # a damaged file can make the reader fail in any way
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DiffhpeError(f"{path}: not a readable checkpoint ({reason})") from error


def _tensors(content: Any, path: Path) -> dict[str, Tensor]:
    """The state dict inside a checkpoint, without the prefix that data-parallel training adds.

    It is the file itself (DiffHPE), under a key (MixSTE, GraFormer), or the first of a list of
    states: network, optimiser, epoch, step, averaged weights (DiffPose).
    """
    if isinstance(content, list) and content:
        content = content[0]
    if isinstance(content, Mapping):
        for key in ("model_pos", "state_dict"):
            if isinstance(content.get(key), Mapping):
                content = content[key]
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    ):
        raise DiffhpeError(f"{path}: expected a state dict of tensors, found another structure")
    return {name.removeprefix("module."): value for name, value in content.items()}
