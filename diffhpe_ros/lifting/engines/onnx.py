"""Engines on onnxruntime. They run the files that `diffhpe export` wrote into a model's folder."""

from pathlib import Path

import torch
from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.installed_models import WEIGHTS_FILE
from diffhpe_ros.lifting.checkpoints.model_folders import weights_sha256
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.onnx_session import OnnxModel

PIECES = "onnx"
"""The folder of the pieces, inside a model's folder."""
WEIGHTS_KEY = "weights_sha256"
"""Metadata key of a piece: the sha256 of the model.safetensors that it was exported from."""


class OnnxMixSTE:
    """MixSTE on onnxruntime, which takes CUDA where it has it; tensors are on the CPU.

    Args:
        folder: a model's, exported.

    Raises:
        DiffhpeError: a piece is missing, unusable, or of other weights than the folder's.
    """

    def __init__(self, folder: Path) -> None:
        self._poses = _open_piece(folder, "poses")
        self.provider = self._poses.providers[0]
        """The execution provider that onnxruntime has chosen."""

    def __call__(self, x_2d: Tensor) -> Tensor:
        """See `PoseEngine.__call__`."""
        return _run(self._poses, x_2d)


class OnnxDiffHPE:
    """A diffusion model on onnxruntime, which takes CUDA where it has it; tensors are on the CPU.

    Args:
        folder: a model's, exported.

    Raises:
        DiffhpeError: a piece is missing, unusable, or of other weights than the folder's.
    """

    def __init__(self, folder: Path) -> None:
        self._condition = _open_piece(folder, "condition")
        self._denoiser = _open_piece(folder, "denoiser")
        self.provider = self._denoiser.providers[0]
        """The execution provider that onnxruntime has chosen."""

    def condition(self, x_2d: Tensor) -> Tensor:
        """See `DenoisingEngine.condition`; (17, 27, B, C), joints in part order."""
        return _run(self._condition, x_2d)

    def __call__(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """See `DenoisingEngine.__call__`."""
        of_window = (condition.shape[2], -1)
        steps = t.expand(len(x_t)).reshape(of_window)
        return _run(self._denoiser, x_t.unflatten(0, of_window), steps, condition).flatten(0, 1)


def open_onnx(model: Model, folder: Path) -> OnnxMixSTE | OnnxDiffHPE:
    """Open a model's engine from its exported folder.

    Raises:
        DiffhpeError: as for the engines.
    """
    return OnnxMixSTE(folder) if model.is_deterministic else OnnxDiffHPE(folder)


def piece_file(folder: Path, name: str) -> Path:
    """The file of a piece in a model's folder."""
    return folder / PIECES / f"{name}.onnx"


def _open_piece(folder: Path, name: str) -> OnnxModel:
    file = piece_file(folder, name)
    if not file.is_file():
        raise DiffhpeError(
            f"{folder} has no {PIECES}/{file.name}: make a folder that contains it with diffhpe"
            f" export {folder} --out FOLDER"
        )
    model = OnnxModel(file, threads=torch.get_num_threads())
    if model.metadata.get(WEIGHTS_KEY) != weights_sha256(folder):
        raise DiffhpeError(
            f"{file} was not made from the {WEIGHTS_FILE} next to it: export the model again"
        )
    return model


def _run(model: OnnxModel, *tensors: Tensor) -> Tensor:
    (output,) = model.run(*(tensor.numpy() for tensor in tensors)).values()
    return torch.from_numpy(output)
