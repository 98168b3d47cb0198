"""Recipes of the models in the experiments: experiment, overrides, initial weights."""

from collections.abc import Mapping
from dataclasses import dataclass

from diffhpe_ros.errors import unknown

PATTERNS = ("random", "leg-and-arm", "leg", "frames")
"""The paper's occlusion patterns, in the order of its Table 4."""

FINE_TUNING = {
    "cpu": ("trainer.max_steps=150", "data.batch_size=32", "ema_decay=0.98"),
    "gpu": ("trainer.max_steps=2000", "data.batch_size=1024"),
}
"""Overrides of all models that are fine-tuned to an occlusion pattern."""
COMPARISON = {
    "cpu": ("trainer.max_steps=200", "ema_decay=0.0", "calibrate_every=0"),
    "gpu": ("trainer.max_steps=2000", "calibrate_every=0"),
}
"""Overrides of all models in the comparison of predictions. On the CPU there are too few steps to
average the weights."""

LONGER = ("seed=1", "stop_after=null")
"""Overrides of MixSTE that is trained with the wrapper's compute in addition to its own."""
_COHERENT = ("+module.loss._target_=diffhpe_ros.training.modules.losses.CoherentDistance",)
_MIN_SNR = "module.loss._target_=diffhpe_ros.training.modules.losses.MinSNRLoss"
PREDICTIONS: Mapping[str, tuple[str, ...]] = {
    "noise-of-metres": ("model.denoiser.prediction=noise", "model.denoiser.pose_scale=1.0"),
    "noise": ("model.denoiser.prediction=noise",),
    "noise-min-snr": ("model.denoiser.prediction=noise", _MIN_SNR),
    "velocity": ("model.denoiser.prediction=velocity",),
    "velocity-min-snr": ("model.denoiser.prediction=velocity", _MIN_SNR),
    "pose": ("model.denoiser.prediction=pose",),
    "pose-min-snr": ("model.denoiser.prediction=pose", _MIN_SNR),
}
"""Prediction of a denoiser → Hydra overrides; poses at unit variance except for the first."""

INIT_DISTRIBUTIONS: Mapping[str, tuple[str, ...]] = {
    "diffpose-mixture": (),
    "diffpose-gaussian": ("init_distribution=gaussian",),
    "diffpose-noise": ("init_distribution=noise",),
    "diffpose-no-context": ("model.diffpose.context=false",),
}
"""Variants of DiffPose → Hydra overrides."""
INIT_DISTRIBUTION_STEPS = {"cpu": 100, "gpu": 2000}
"""Training steps of each variant."""


@dataclass(frozen=True)
class Recipe:
    """How to train one model; other models are named by their recipes."""

    name: str
    experiment: str
    """Name of the experiment in config/train."""
    overrides: tuple[str, ...] = ()
    """Hydra overrides."""
    backbone: str | None = None
    """The MixSTE of a wrapper."""
    start_from: str | None = None
    """The model with the initial weights."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the models that this one depends on."""
        return tuple(name for name in (self.backbone, self.start_from) if name is not None)


def recipe(name: str, budget: str) -> Recipe:
    """The recipe with this name.

    Raises:
        DiffhpeError: there is none with this name.
    """
    known = recipes(budget)
    if name not in known:
        raise unknown("model", name, known)
    return known[name]


def recipes(budget: str) -> dict[str, Recipe]:
    """All recipes: main models, comparisons, and fine-tuned models for each pattern."""
    plain = [
        Recipe("mixste", "mixste"),
        Recipe("diffhpe-2d", "diffhpe-2d"),
        Recipe("diffhpe-wrapper", "diffhpe-wrapper", backbone="mixste"),
        Recipe("diffhpe-wrapper-published", "diffhpe-wrapper-published", backbone="mixste"),
        Recipe("mixste-longer", "mixste", LONGER, start_from="mixste"),
        Recipe("mixste-coherent", "mixste", (*LONGER, *_COHERENT), start_from="mixste"),
    ]
    compared = [
        Recipe(
            f"diffhpe-wrapper-{name}",
            "diffhpe-wrapper",
            ("denoising=plain", *overrides, *COMPARISON[budget]),
            backbone="mixste",
        )
        for name, overrides in PREDICTIONS.items()
    ]
    diffpose = [
        Recipe("diffpose", "diffpose", backbone="mixste-all"),
        *(
            Recipe(
                name,
                "diffpose",
                (
                    *overrides,
                    f"trainer.max_steps={INIT_DISTRIBUTION_STEPS[budget]}",
                    "calibrate_every=0",
                ),
                backbone="mixste-all",
            )
            for name, overrides in INIT_DISTRIBUTIONS.items()
        ),
    ]
    tuned = [each for pattern in (*PATTERNS, "all") for each in _tuned_to(pattern, budget)]
    return {each.name: each for each in (*plain, *compared, *diffpose, *tuned)}


def _tuned_to(pattern: str, budget: str) -> list[Recipe]:
    """MixSTE, a wrapper around the plain MixSTE, and a wrapper around the tuned one."""
    overrides = (
        f"occlusion={pattern}",
        *FINE_TUNING[budget],
        "module.optimisation.learning_rate=5e-4",
        "module.optimisation.warmup=0.05",
    )
    wrapper = "diffhpe-wrapper"
    of_wrapper = (*overrides, "module.draws=1")
    return [
        Recipe(f"mixste-{pattern}", "mixste", overrides, start_from="mixste"),
        Recipe(
            f"{wrapper}-{pattern}-on-plain", wrapper, of_wrapper,
            backbone="mixste", start_from=wrapper,
        ),
        Recipe(
            f"{wrapper}-{pattern}", wrapper, of_wrapper,
            backbone=f"mixste-{pattern}", start_from=wrapper,
        ),
    ]  # fmt: skip
