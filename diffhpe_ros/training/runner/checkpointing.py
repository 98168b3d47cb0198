"""Checkpoints that a training resumes from."""

import os
import pickle
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from diffhpe_ros.errors import DiffhpeError

LAST, PREVIOUS, BEST = "last.ckpt", "previous.ckpt", "best.ckpt"


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes checkpoints atomically and keeps the previous one.

    A complete checkpoint exists at any time. Only tensors and plain values are read.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        """Write to a new file and rename it."""
        place = Path(path)
        new = place.with_suffix(".new")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            if place.name == LAST and place.is_file():
                place.replace(place.with_name(PREVIOUS))
            new.replace(place)
        except (OSError, RuntimeError) as error:  # torch raises RuntimeError when a disk is full
            reason = str(error).splitlines()[0]
            raise DiffhpeError(f"cannot write the checkpoint {place}: {reason}") from None

    def load_checkpoint(
        self, path: Any, map_location: Any = "cpu", weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Read a checkpoint to the CPU."""
        return read_checkpoint(Path(path))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read the tensors and plain values of a checkpoint to the CPU; runs no code from it.

    Raises:
        DiffhpeError: the checkpoint cannot be read; the message gives the remedy.
    """
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError):
        other = path.with_name(PREVIOUS)
        advice = "remove it to start again"
        if path.name == LAST and other.is_file():
            advice = f"replace it with {other.name} to continue from there, or {advice}"
        raise DiffhpeError(
            f"{path}: damaged, or not a checkpoint of a training; {advice}"
        ) from None
    return checkpoint


def checkpoint_to_resume(out: Path) -> Path | None:
    """The newest checkpoint in a folder, or None for a new training.

    Raises:
        DiffhpeError: the folder cannot be created or written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DiffhpeError(f"cannot write to out={out}: {error.strerror or error}") from None
    # Between the two renamings only the previous checkpoint exists.
    found = (out / name for name in (LAST, PREVIOUS))
    return next((path for path in found if path.is_file()), None)
