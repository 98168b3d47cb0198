"""Phase: training, with all the remaining time, from the existing weights.

The models of the live default come first, each with a share of the time. Every two minutes the
averaged weights are saved as a complete model folder, which `gpu.run` adds to the results.
"""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, open_dict

from diffhpe_ros.errors import unknown
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.training.datasets.labelled_windows import read_windows
from diffhpe_ros.training.evaluation.figures import evaluate
from diffhpe_ros.training.runner.configuration import compose_configuration
from diffhpe_ros.training.runner.train import fit
from gpu.bundle import unbundle
from gpu.context import Context
from gpu.record import Record

LEAST_S = 60.0
"""Least number of seconds to train a model at all."""
SAVE_S = 120.0
ENDING_S = 20.0
"""Seconds reserved for the last validation and the calibration."""
FINE_TUNING = ("optimisation=constant", "module.optimisation.learning_rate=5.0e-4")


@dataclass(frozen=True)
class Plan:
    """How a model is trained."""

    name: str
    experiment: str
    share: float
    """Share of the time, relative to the other plans."""
    overrides: tuple[str, ...] = FINE_TUNING
    start: str | None = None
    """The initial model; None trains from scratch."""
    backbone: str | None = None
    """Another plan whose model is the backbone: the better of the trained and the shipped one."""
    budget: str = "gpu"
    least_minutes: float = 0.0
    """Least total training time in minutes; with less, the plan is left out."""


ROBUST = (
    *FINE_TUNING, "occlusion=all", "data.rates=[30,30,50]", "model.rate=30", "model.first_rate=50",
    "module.symmetry=0.5", "data.batch_size=512",
)  # fmt: skip
"""With their mirror images, batches have the 1024 windows whose speed was measured."""
PLANS = (
    Plan("mixste-robust", "mixste", 3.0, (*ROBUST, "+loss=last-frame"), "mixste-robust"),
    Plan(
        "diffhpe-wrapper-robust", "diffhpe-wrapper", 3.0, ROBUST, "diffhpe-wrapper-robust",
        "mixste-robust",
    ),
    Plan("mixste", "mixste", 2.0, start="mixste", least_minutes=10),
    Plan(
        "diffhpe-wrapper", "diffhpe-wrapper", 2.0, start="diffhpe-wrapper", backbone="mixste",
        least_minutes=10,
    ),
    Plan("diffpose", "diffpose", 1.0, start="diffpose", least_minutes=20),
    Plan("diffhpe-2d", "diffhpe-2d", 2.0, start="diffhpe-2d", least_minutes=20),
    # The paper's model: predicts the noise of poses in metres, for 58 million windows, from
    # scratch.
    Plan(
        "diffhpe-wrapper-published", "diffhpe-wrapper", 8.0,
        ("denoising=published", "optimisation=adam-decay", "model.denoiser.backbone_share=null"),
        backbone="mixste",
        budget="gpu-published", least_minutes=60,
    ),
)  # fmt: skip
SMALL = (
    "trainer.accelerator=cpu", "trainer.precision=32-true", "compile=false", "data.device=cpu",
    "data.batch_size=4", "++model.trunk={channels: 16, depth: 1, heads: 2}", "calibrate_every=0",
    "trainer.val_check_interval=2", "save_every_s=0",
)  # fmt: skip
SMALL_DENOISER = ("++model.denoiser.channels=16", "++model.denoiser.blocks=1")
"""The plans of a dry run."""


def run(context: Context, record: Record) -> None:
    """Train as many models as the time allows, or the named ones."""
    start = context.scratch / "start"
    if context.start is not None:
        unbundle(context.start, start)
    plans = chosen(context)
    for number, plan in enumerate(plans):
        weight = sum(each.share for each in plans[number:])
        seconds = context.left_s * plan.share / weight
        if context.tiny or seconds >= LEAST_S:
            _train(context, record, plan, seconds)
        else:
            record.note(f"{plan.name}: {seconds:.0f} s are too few; not trained.")


def chosen(context: Context) -> list[Plan]:
    """The plans of this run.

    Raises:
        DiffhpeError: a requested model has no plan.
    """
    known = {plan.name: plan for plan in PLANS}
    for name in context.models:
        if name not in known:
            raise unknown("model", name, known)
    if context.models:
        return [known[name] for name in context.models]
    if context.tiny:
        return [PLANS[0], PLANS[1], PLANS[-1]]
    return [plan for plan in PLANS if context.seconds >= 60 * plan.least_minutes]


def settings_of(context: Context, experiment: str, overrides: Sequence[str]) -> DictConfig:
    """The settings of an experiment on this run's data.

    Raises:
        DiffhpeError: an override does not fit, or there are no data.
    """
    settings = compose_configuration(experiment, ["progress=false", *overrides])
    files = context.files()
    with open_dict(settings):
        settings.data.mocap = {str(path): weight for path, weight in files.mocap.items()}
        settings.data.validation = str(files.validation)
    return settings


def trained(context: Context, name: str) -> Path:
    """The folder in which this run saves a model."""
    return context.scratch / "models" / name / "model"


def _train(context: Context, record: Record, plan: Plan, seconds: float) -> None:
    """Train one model in this process; a failure becomes a check, and the others continue."""
    steps, measured = _length(context, plan, seconds)
    settings = settings_of(
        context,
        plan.experiment,
        [
            f"budget={plan.budget}",
            *plan.overrides,
            *measured,
            *_weights(context, plan),
            f"out={trained(context, plan.name).parent}",
        ],
    )
    # A recipe from scratch has its own length, unless the time is too short.
    from_scratch = plan.start is None
    settings.trainer.max_steps = min(steps, settings.trainer.max_steps) if from_scratch else steps
    try:
        finished = fit(settings)
    except Exception as error:
        traceback.print_exc()
        reason = str(error).partition("\n")[0]
        record.check(f"{plan.name} was trained", False, f"{type(error).__name__}: {reason}")
        return
    record.check(f"{plan.name} was trained", True, f"{finished.mpjpe_mm:.1f} mm on validation")
    record.row(
        "Trained", model=plan.name, seconds=round(seconds), steps=settings.trainer.max_steps,
        batch=settings.data.batch_size, validation_mm=finished.mpjpe_mm,
    )  # fmt: skip


def _weights(context: Context, plan: Plan) -> list[str]:
    """Overrides for a training's initial weights."""
    if context.tiny:
        own = trained(context, plan.backbone) if plan.backbone else None
        return [f"backbone={own}" if own is not None and own.is_dir() else "backbone=null"]
    earlier = context.scratch / "start" / plan.name
    start = str(earlier) if earlier.is_dir() else plan.start
    backbone = _better(context, plan.backbone) if plan.backbone else None
    return [f"start_from={start or 'null'}", f"backbone={backbone or 'null'}"]


def _better(context: Context, name: str) -> str:
    """The model with this name that this run trained, if it is better on validation."""
    own = trained(context, name)
    if not own.is_dir():
        return name
    windows = read_windows(context.files().validation)
    error = {
        model: evaluate(Lifter.from_pretrained(model, context.device), windows, False).mpjpe_mm
        for model in (str(own), name)
    }
    return min(error, key=lambda model: error[model])


def _length(context: Context, plan: Plan, seconds: float) -> tuple[int, list[str]]:
    """Steps that fit into the time at the measured speed, and the overrides for that speed."""
    if context.tiny:
        return 4, [*SMALL, *(() if plan.experiment == "mixste" else SMALL_DENOISER)]
    network = "mixste" if plan.experiment == "mixste" else "diffhpe-wrapper"
    rows = context.found("throughput").get("tables", {}).get("Windows a second", [])
    own = [row for row in rows if row["experiment"] == network and row["batch"] == 1024]
    best = max(own, key=lambda row: row["windows_s"], default=None)
    for_steps = max(10.0, seconds - ENDING_S)
    if best is None:
        return 1_000_000, [f"+trainer.max_time={{seconds: {for_steps:.0f}}}"]
    for_steps = max(10.0, for_steps - best["first_step_s"])
    steps = int(0.9 * for_steps * best["windows_s"] / 1024)
    return max(steps, 10), [
        f"compile={str(best['compiled']).lower()}",
        f"trainer.precision={best['precision']}",
        f"trainer.val_check_interval={max(1, min(500, steps // 4))}",
        f"save_every_s={SAVE_S:.0f}",
        "calibrate_every=4",
        f"+trainer.max_time={{seconds: {for_steps + best['first_step_s']:.0f}}}",
    ]
