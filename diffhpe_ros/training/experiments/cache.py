"""Models of the experiments, which are trained if missing, and a cache of their metrics."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import torch

from diffhpe_ros.installed_models import find_model
from diffhpe_ros.io import write_json
from diffhpe_ros.lifting import Lifter, lift_in_batches
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows
from diffhpe_ros.training.evaluation.figures import Figures, figures_of
from diffhpe_ros.training.experiments.recipes import recipe
from diffhpe_ros.training.runner.configuration import compose_configuration
from diffhpe_ros.training.runner.train import train
from diffhpe_ros.training.synthesis.occlusions import occlude, occlusion

OCCLUSION_SEED = 0

FigureValues = dict[str, Any]
"""See `training.evaluation.figures.Figures.to_dict`."""


class Models(Protocol):
    """Finds models by name."""

    def folder(self, name: str) -> Path | None:
        """The folder of a model; None if there is none.

        Raises:
            DiffhpeError: there is no recipe with this name, or a training fails.
        """


@dataclass(frozen=True)
class TrainMissingModels:
    """Trains missing models, and the models that they depend on."""

    runs: Path
    """The model called NAME lies in runs/NAME/model."""
    budget: str
    """Budget of the trainings: cpu or gpu."""
    overrides: Sequence[str] = ()
    """Hydra overrides for every training."""

    def folder(self, name: str) -> Path:
        """See `Models`."""
        existing = TrainedModels(self.runs).folder(name)
        if existing is not None:
            return existing
        how = recipe(name, self.budget)
        overrides = [f"budget={self.budget}", *how.overrides, f"out={self.runs / name}"]
        if how.backbone is not None:
            overrides.append(f"backbone={self.folder(how.backbone)}")
        if how.start_from is not None:
            overrides.append(f"start_from={self.folder(how.start_from)}")
        return train(compose_configuration(how.experiment, [*overrides, *self.overrides]))


@dataclass(frozen=True)
class TrainedModels:
    """Finds only models that are already trained."""

    runs: Path
    """The model called NAME lies in runs/NAME/model."""

    def folder(self, name: str) -> Path | None:
        """See `Models`."""
        folder = self.runs / name / "model"
        return folder if (folder / "config.yaml").is_file() else None


class ShippedModels:
    """Models of the package."""

    def folder(self, name: str) -> Path | None:
        """See `Models`."""
        return find_model(name)


@dataclass(frozen=True)
class ExperimentCache:
    """Models, evaluation windows, and the cached metrics."""

    models: Models
    windows: LabelledWindows
    windows_name: str
    """File name of the windows."""
    measured: Path
    """Folder of the cached metrics."""
    device: str = "cpu"
    """Device of the evaluation."""

    def figures(
        self, name: str, pattern: str = "none", preset: Preset | None = None
    ) -> FigureValues | None:
        """A model's metrics on the windows; None if there is no model.

        Args:
            name: the model's name.
            pattern: occlusion pattern, as released; occlusions are the same for every model.
            preset: sampling of a diffusion model; by default its own.
        """
        folder = self.models.folder(name)
        if folder is None:
            return None
        file = self.measured / f"{self._key(name, folder, pattern, preset)}.json"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            how = {"model": name, "pattern": pattern, "windows_name": self.windows_name}
            write_json(file, how | self._measure(folder, pattern, preset))
        figures: FigureValues = json.loads(file.read_text())
        return figures

    def _measure(self, folder: Path, pattern: str, preset: Preset | None) -> FigureValues:
        generator = torch.Generator().manual_seed(OCCLUSION_SEED)
        x_2d = torch.from_numpy(self.windows.x_2d)
        x_2d = occlude(x_2d, occlusion(pattern, released=True), generator)
        how = {} if preset is None else vars(preset)
        lifter = Lifter.from_pretrained(str(folder), self.device, **how)
        poses = lift_in_batches(lifter, x_2d.numpy(), progress=True)
        return figures_of(poses, self.windows).to_dict()

    def _key(self, name: str, folder: Path, pattern: str, preset: Preset | None) -> str:
        """Cache key: model, windows, sampling and the list of metrics."""
        weights = sha256(" ".join(each.name for each in fields(Figures)).encode())
        weights.update((folder / "model.safetensors").read_bytes())
        weights.update((folder / "config.yaml").read_bytes())
        weights.update(self.windows.x_2d.tobytes())
        return f"{name}-{pattern}-{_name(preset)}-{weights.hexdigest()[:16]}"


def _name(preset: Preset | None) -> str:
    if preset is None:
        return "default"
    start = "" if preset.start == "noise" else f"-from-{preset.start}"
    flip = "" if preset.augmentation == "none" else f"-{preset.augmentation}"
    return f"{preset.sampler}-{preset.steps}x{preset.hypotheses}{start}{flip}"
