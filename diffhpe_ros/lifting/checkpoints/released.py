"""Read checkpoints released by other projects, without running any code from them."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.checkpoints import released_diffhpe, released_diffpose
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.weights import Weights


def read_released(path: Path, encoder: Path | None = None) -> tuple[ModelConfig, Weights]:
    """Read a released .pth, .pt or .bin file: the model's configuration and our weights.

    Args:
        path: the file.
        encoder: for a DiffPose checkpoint, the file of the GraFormer or MixSTE that it refines.

    Raises:
        DiffhpeError: a file is missing, damaged, holds more than tensors, or is no known
            checkpoint; or a DiffPose checkpoint lacks its encoder, or another one has an encoder.
    """
    config, state = _read_with_encoder(path, encoder)
    return config, {
        name: (value.float() if value.is_floating_point() else value).contiguous().numpy()
        for name, value in state.items()
    }


def _read_with_encoder(path: Path, encoder: Path | None) -> tuple[ModelConfig, dict[str, Tensor]]:
    config, state = _read(path)
    if config.architecture == "diffpose-released":
        if encoder is None:
            raise DiffhpeError(
                f"{path}: DiffPose's denoiser alone; the file of the GraFormer (or MixSTE) whose"
                " poses it refines is also expected: diffhpe convert --encoder FILE"
            )
        return released_diffpose.with_encoder(config, state, *_read(encoder), encoder)
    if encoder is not None:
        raise DiffhpeError(f"{path}: a {config.architecture} checkpoint, which takes no encoder")
    return config, state


def _read(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Read one file."""
    state = _tensors(_load(path), path)
    if state.keys() >= _OF_POSEFORMER:
        raise DiffhpeError(
            f"{path}: a PoseFormer, which is not supported; MixSTE, DiffHPE-2D, DiffHPE-Wrapper,"
            " GraFormer or DiffPose is expected"
        )
    for family in (released_diffhpe, released_diffpose):
        architecture = family.architecture_of(state)
        if architecture is None:
            continue
        try:
            return family.translate(architecture, state)
        except (KeyError, ValueError, TypeError, IndexError, RuntimeError) as error:
            raise DiffhpeError(
                f"{path}: the {architecture} checkpoint is incomplete or misshapen ({error})"
            ) from None
    names = ", ".join(list(state)[:3]) or "no tensors"
    raise DiffhpeError(
        f"{path}: not a known checkpoint; expected the names of MixSTE, DiffHPE-2D,"
        f" DiffHPE-Wrapper, GraFormer or DiffPose, found {names}, ..."
    )


_OF_POSEFORMER = {"Spatial_pos_embed", "weighted_mean.weight"}
"""Names in its state dict, some of which are also MixSTE's."""
_KEYS = ("model_pos", "state_dict", "model_state_dict", "model", "net", "ema", "model_ema")
"""Keys under which trainers store the weights."""


class _Ignored:
    """Stands in for numpy's objects: none of their code runs, and nothing of them is kept."""

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...


_OF_NUMPY = (
    *("numpy.ndarray", "numpy.dtype", "_codecs.encode"),
    *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core")
      for name in ("scalar", "_reconstruct")),
    *(f"numpy.random._pickle.__{name}_ctor" for name in ("randomstate", "bit_generator",
                                                         "generator")),
    *("numpy.random.mtrand.RandomState", "numpy.random._mt19937.MT19937",
      "numpy.random._pcg64.PCG64"),
)  # fmt: skip
"""What the trainers of MixSTE and VideoPose3D store next to the weights: the state of numpy's
random number generator, and scalars such as the epoch's error."""


def _load(path: Path) -> Any:
    if not path.is_file():
        raise DiffhpeError(f"{path}: no such checkpoint file")
    _check_file(path)
    try:
        with torch.serialization.safe_globals([(_Ignored, name) for name in _OF_NUMPY]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise DiffhpeError(
            f"{path}: refused, since it holds more than tensors (loading it could run code)"
            " or is damaged; expected a state dict"
        ) from None
    except Exception as error:  # a damaged file can raise any exception
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DiffhpeError(f"{path}: not a readable checkpoint ({reason})") from None


def _check_file(path: Path) -> None:
    """Refuse placeholders of undownloaded files, and changed bytes: torch ignores checksums.

    Raises:
        DiffhpeError: the file is a placeholder, or a part of it is damaged.
    """
    with path.open("rb") as file:
        start = file.read(64).lstrip().lower()
    for sign, what in ((b"version https://git-lfs", "a Git LFS pointer"), (b"<", "a web page")):
        if start.startswith(sign):
            raise DiffhpeError(
                f"{path}: {what}, not the checkpoint itself; download the checkpoint"
            )
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise DiffhpeError(f"{path}: not a readable checkpoint ({error})") from None
    if damaged is not None:
        raise DiffhpeError(f"{path}: damaged, the checksum of {damaged} is wrong")


def _tensors(content: Any, path: Path) -> dict[str, Tensor]:
    """The state dict inside a checkpoint, without the prefix that data-parallel training adds.

    It is the file itself (DiffHPE), under a key (MixSTE, GraFormer, other trainers), or the first
    of a list of states: network, optimiser, epoch, step, averaged weights (DiffPose).
    """
    if isinstance(content, list) and content:
        content = content[0]
    if isinstance(content, Mapping):
        content = next((content[key] for key in _KEYS if _is_state(content.get(key))), content)
    if not _is_state(content):
        found = ", ".join(map(str, list(content)[:8])) if isinstance(content, Mapping) else ""
        raise DiffhpeError(
            f"{path}: expected a state dict of tensors, itself or under one of"
            f" {', '.join(_KEYS)}; found {found or type(content).__name__}"
        )
    wrong = [name for name, value in content.items() if not torch.isfinite(value).all()]
    if wrong:
        raise DiffhpeError(
            f"{path}: {len(wrong)} of {len(content)} tensors hold NaN or infinity, {wrong[0]} among"
            " them; has the training diverged?"
        )
    state = dict(content)
    for prefix in ("module.", "model.", "module."):
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return {name.removeprefix("module."): value for name, value in state.items()}


def _is_state(content: Any) -> bool:
    """Whether this is a state dict of tensors."""
    return isinstance(content, Mapping) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    )
