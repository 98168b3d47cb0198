"""Trains the models that are missing and measures each only once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from diffhpe_ros.files import write_json
from diffhpe_ros.lifting import Lifter, lift_all
from diffhpe_ros.lifting.config import Preset
from diffhpe_ros.training.configuration import compose_configuration
from diffhpe_ros.training.evaluation import figures_of
from diffhpe_ros.training.experiments.recipes import recipe
from diffhpe_ros.training.occlusions import occlude, occlusion
from diffhpe_ros.training.train import train
from diffhpe_ros.training.truth import Windows

OCCLUSION_SEED = 0

Figures = dict[str, Any]
"""What `training.evaluation.Figures.to_dict` gives."""


@dataclass(frozen=True)
class Workshop:
    """A folder of trained models and what was measured of them."""

    runs: Path
    """The model called NAME lies in runs/NAME/model."""
    budget: str
    """cpu or gpu: of the trainings."""
    overrides: Sequence[str]
    """Hydra's, for every training."""
    windows: Windows
    """To measure on."""
    windows_name: str
    """Of the file that they came from."""

    def model(self, name: str) -> Path:
        """The folder of a model; it and what it needs are trained unless they are there.

        Raises:
            DiffhpeError: there is no recipe of that name, or a training fails.
        """
        folder = self.runs / name / "model"
        if (folder / "config.yaml").is_file():
            return folder
        how = recipe(name, self.budget)
        overrides = [f"budget={self.budget}", *how.overrides, f"out={self.runs / name}"]
        if how.backbone is not None:
            overrides.append(f"backbone={self.model(how.backbone)}")
        if how.start_from is not None:
            overrides.append(f"start_from={self.model(how.start_from)}")
        return train(compose_configuration(how.experiment, [*overrides, *self.overrides]))

    def figures(self, name: str, pattern: str = "none", preset: Preset | None = None) -> Figures:
        """A model's figures on the windows, occluded by a pattern.

        Args:
            name: of the model.
            pattern: of occlusion, as released; the same joints are hidden from every model.
            preset: how a diffusion model is sampled; its own default otherwise.
        """
        folder = self.model(name)
        file = self.runs / "figures" / f"{self._key(folder, pattern, preset)}.json"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            how = {"model": name, "pattern": pattern, "windows_name": self.windows_name}
            write_json(file, how | self._measure(folder, pattern, preset))
        figures: Figures = json.loads(file.read_text())
        return figures

    def _measure(self, folder: Path, pattern: str, preset: Preset | None) -> Figures:
        generator = torch.Generator().manual_seed(OCCLUSION_SEED)
        x_2d = torch.from_numpy(self.windows.x_2d)
        x_2d = occlude(x_2d, occlusion(pattern, released=True), generator)
        how = {} if preset is None else vars(preset)
        lifter = Lifter.from_pretrained(str(folder), **how)
        poses = lift_all(lifter, x_2d.numpy(), progress=True)
        return figures_of(poses, self.windows).to_dict()

    def _key(self, folder: Path, pattern: str, preset: Preset | None) -> str:
        """Changes with all that the figures depend on."""
        weights = sha256((folder / "model.safetensors").read_bytes())
        weights.update((folder / "config.yaml").read_bytes())
        weights.update(self.windows.x_2d.tobytes())
        return f"{folder.parent.name}-{pattern}-{_name(preset)}-{weights.hexdigest()[:16]}"


def _name(preset: Preset | None) -> str:
    return f"{preset.sampler}-{preset.steps}x{preset.hypotheses}" if preset else "default"
