"""Exports trained models as ONNX files ("pieces"), which `lifting.engines.onnx` runs."""

import contextlib
import io
import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import singledispatch
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim
from tqdm import tqdm

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.extras import require
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.checkpoints.model_folders import (
    load_with_config,
    save_model,
    weights_of,
    weights_sha256,
)
from diffhpe_ros.lifting.engines.folded.engines import FoldedDiffHPE, FoldedMixSTE, fold
from diffhpe_ros.lifting.engines.onnx import (
    WEIGHTS_KEY,
    OnnxDiffHPE,
    OnnxMixSTE,
    open_onnx,
    piece_file,
)
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.skeleton import NUM_JOINTS

TOLERANCE = 1e-4
"""Largest allowed difference between a piece's output and torch's: metres, or diffused units."""
VERIFIED = ((1, 1), (1, 5), (3, 2))
"""Numbers of windows and hypotheses that a piece is tried with."""


@dataclass(frozen=True)
class Piece:
    """A network that is exported as one .onnx file."""

    name: str
    """File name without its extension."""
    network: nn.Module
    inputs: Mapping[str, Tensor]
    """Examples. No variable length is 1 in them, since torch would take it for fixed."""
    open_lengths: tuple[Mapping[int, Any], ...]
    """For each input, the dimensions whose length may change."""


def export(path: str | Path, folder: Path) -> Mapping[str, float]:
    """Export a trained model to a new, self-contained model folder with ONNX pieces.

    Args:
        path: the model's, as in `load_model`.
        folder: the folder to create.

    Returns:
        For each piece's name, the largest difference of its output from torch's.

    Raises:
        DiffhpeError: a package is missing, the folder is not empty, the model depends on another
            model, or a piece's output differs from the model's.
    """
    require("exporting", "onnx")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DiffhpeError(f"{folder} already exists; choose another folder or remove it")
    model, config = load_with_config(path)
    try:
        return _make(model, _standing_alone(config), folder)
    except OSError as error:
        raise DiffhpeError(f"cannot write {folder}: {error.strerror or error}") from None


def _make(model: Model, config: ModelConfig, folder: Path) -> Mapping[str, float]:
    """Create and verify the folder; after a failure it is removed."""
    if "onnx" not in model.engines:
        raise DiffhpeError(
            "diffpose and graformer cannot be exported; mixste and the diffhpe models can"
        )
    engine = fold(config, weights_of(model))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        made = Path(temporary) / folder.name
        save_model(model, config, made)
        for piece in tqdm(_pieces(engine, config), "exporting", unit="piece", leave=False):
            _write(piece, piece_file(made, piece.name), {WEIGHTS_KEY: weights_sha256(made)})
        differences = verify(model, made, config)
        made.rename(folder)
    return differences


def _standing_alone(config: ModelConfig) -> ModelConfig:
    """The configuration of a wrapper that includes its own trunk."""
    for name, preset in config.presets.items():
        if preset.start == "backbone":
            raise DiffhpeError(
                f"preset {name} starts from the backbone's pose, but an exported model has no"
                " backbone; noise or previous is expected"
            )
    return replace(config, backbone=None)


class _Condition(nn.Module):
    """(B, L, J, 2) → (J, L, B, C)."""

    def __init__(self, engine: FoldedDiffHPE) -> None:
        super().__init__()
        self.engine = engine

    def forward(self, x_2d: Tensor) -> Tensor:
        return self.engine.condition(x_2d)


class _Denoiser(nn.Module):
    """x_t (B, H, L, J, 3), t (B, H), condition (J, L, B, C) → (B, H, L, J, 3)."""

    def __init__(self, engine: FoldedDiffHPE) -> None:
        super().__init__()
        self.engine = engine

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        return self.engine(x_t.flatten(0, 1), t.flatten(), condition).unflatten(0, t.shape)


@singledispatch
def _pieces(engine: nn.Module, config: ModelConfig) -> list[Piece]:
    raise DiffhpeError(f"an engine {type(engine).__name__} cannot be exported")


@_pieces.register
def _(engine: FoldedMixSTE, config: ModelConfig) -> list[Piece]:
    x_2d, _, _ = _random_inputs(config, 2, 3)
    return [Piece("poses", engine, {"x_2d": x_2d}, ({0: Dim("windows", min=1, max=512)},))]


@_pieces.register
def _(engine: FoldedDiffHPE, config: ModelConfig) -> list[Piece]:
    windows, hypotheses = Dim("windows", min=1, max=512), Dim("hypotheses", min=1, max=512)
    x_2d, x_t, t = _random_inputs(config, 2, 3)
    noisy = {"x_t": x_t, "t": t, "condition": engine.condition(x_2d)}
    both = {0: windows, 1: hypotheses}
    return [
        Piece("condition", _Condition(engine), {"x_2d": x_2d}, ({0: windows},)),
        Piece("denoiser", _Denoiser(engine), noisy, (both, both, {2: windows})),
    ]


def _random_inputs(
    config: ModelConfig, windows: int, hypotheses: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Windows (B, L, J, 2), noisy poses (B, H, L, J, 3) and their steps (B, H)."""
    generator = torch.Generator().manual_seed(0)
    x_2d = 0.3 * torch.randn(windows, config.frames, NUM_JOINTS, 2, generator=generator)
    shape = (windows, hypotheses, config.frames, NUM_JOINTS, 3)
    x_t = torch.randn(shape, generator=generator)
    return x_2d, x_t, torch.randint(config.denoiser.steps, shape[:2], generator=generator)


def _write(piece: Piece, file: Path, metadata: Mapping[str, str]) -> None:
    file.parent.mkdir(exist_ok=True)
    with _silence():
        program = torch.onnx.export(
            piece.network.eval(),
            tuple(piece.inputs.values()),
            input_names=list(piece.inputs),
            output_names=["output"],
            dynamic_shapes=piece.open_lengths,
            dynamo=True,
        )
        assert program is not None
        program.model.metadata_props.update(metadata)
        program.save(file)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Suppress torch's messages on its export steps and on deprecations."""
    disabled = logging.root.manager.disable
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(disabled)


@torch.inference_mode()
def verify(model: Model, folder: Path, config: ModelConfig) -> dict[str, float]:
    """The largest difference of each piece in a folder from the model it was exported from.

    Raises:
        DiffhpeError: a difference is larger than `TOLERANCE`.
    """
    engine, opened = fold(config, weights_of(model)), open_onnx(model, folder)
    largest: dict[str, float] = {}
    for sizes in VERIFIED:
        found = _differences(engine, opened, *_random_inputs(config, *sizes))
        for name, difference in found.items():
            if not difference <= TOLERANCE:  # written so that NaN fails, too
                raise DiffhpeError(
                    f"{name}.onnx is {difference:.1e} away from the model that it was made from;"
                    f" at most {TOLERANCE:.0e} is expected"
                )
            largest[name] = max(largest.get(name, 0.0), difference)
    return largest


@singledispatch
def _differences(
    engine: nn.Module, opened: Any, x_2d: Tensor, x_t: Tensor, t: Tensor
) -> dict[str, float]:
    """For each piece's name, the difference between its output and the engine's."""
    raise DiffhpeError(f"an engine {type(engine).__name__} cannot be exported")


@_differences.register
def _(
    engine: FoldedMixSTE, opened: OnnxMixSTE, x_2d: Tensor, x_t: Tensor, t: Tensor
) -> dict[str, float]:
    return {"poses": _largest(opened(x_2d) - engine(x_2d))}


@_differences.register
def _(
    engine: FoldedDiffHPE, opened: OnnxDiffHPE, x_2d: Tensor, x_t: Tensor, t: Tensor
) -> dict[str, float]:
    condition = engine.condition(x_2d)
    noisy = x_t.flatten(0, 1), t.flatten(), condition
    return {
        "condition": _largest(opened.condition(x_2d) - condition),
        "denoiser": _largest(opened(*noisy) - engine(*noisy)),
    }


def _largest(difference: Tensor) -> float:
    return float(difference.abs().max())
