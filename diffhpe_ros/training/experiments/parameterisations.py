"""Comparison of the denoiser's predictions (noise, velocity, pose) at equal budgets."""

from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.training.experiments.cache import ExperimentCache
from diffhpe_ros.training.experiments.document import markdown_table, millimetres
from diffhpe_ros.training.experiments.recipes import PREDICTIONS

STEPS = (1, 2, 5, 10, 50)
TITLES = {
    "noise-of-metres": "ε of poses in metres (as published)",
    "noise": "ε",
    "noise-min-snr": "ε, min-SNR",
    "velocity": "v",
    "velocity-min-snr": "v, min-SNR",
    "pose": "x₀",
    "pose-min-snr": "x₀, min-SNR",
}


def parameterisation_table(cache: ExperimentCache) -> str:
    """MPJPE of DDIM with several numbers of steps, one hypothesis."""
    header = ["prediction", *(f"{steps} step{'s' * (steps > 1)}" for steps in STEPS)]
    rows = []
    for name in PREDICTIONS:
        values = [
            cache.figures(f"diffhpe-wrapper-{name}", preset=Preset("ddim", steps, 1))
            for steps in STEPS
        ]
        rows.append([TITLES[name], *(millimetres(each, "mpjpe_mm") for each in values)])
    return markdown_table(header, rows)
