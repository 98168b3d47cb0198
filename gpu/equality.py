"""Phase: engines, models and presets give the CPU's poses on the device; failures are handled.

The CPU's poses come from the readable training model (engine `reference`).
"""

import subprocess
import sys

import numpy as np
from numpy.typing import NDArray

from bench.engines import FAILED, lifters_of
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.lifting.engines.choice import ENGINES
from diffhpe_ros.paths import models_folders
from gpu.context import Context
from gpu.record import Record

MEAN_MM, MOST_MM = 0.1, 1.0
"""Allowed differences of a joint: mean and maximum."""
WINDOWS, MANY = 4, 70
FAILURES_S = 45.0
"""Seconds reserved for the failures."""
LOST = "the device is lost, and that is recognised"
"""The last check of `gpu.failures`."""


def run(context: Context, record: Record) -> None:
    """Compare, quick presets first; then let the device fail."""
    x_2d = context.windows(1 if context.tiny else WINDOWS)
    models = shipped()[:2] if context.tiny else shipped()
    for preset in ("fast",) if context.tiny else ("fast", "balanced", "faithful"):
        for model in models:
            if context.left_s > (0 if context.tiny else FAILURES_S):
                _compare(context, record, model, preset, x_2d)
    _same_bits(context, record)
    if not context.is_cuda:
        record.note("Running out of memory and losing the device need CUDA: not run.")
        return
    _failures(context, record)


def shipped() -> list[str]:
    """Names of the models, the live default first."""
    names = {folder.parent.name for place in models_folders() for folder in place.glob("*/*.yaml")}
    return sorted(names, key=lambda name: (name != DEFAULT_MODEL, name))


def engines() -> list[str]:
    """Names of all engines in the package."""
    return [name for name in ENGINES if name != "auto"]


def _compare(
    context: Context, record: Record, model: str, preset: str, x_2d: NDArray[np.float32]
) -> None:
    lifters, refused = lifters_of(model, context.device, preset=preset)
    for name, reason in refused.items():
        record.row("Engines that cannot run", model=model, engine=name, reason=reason)
        if reason.startswith(FAILED):
            record.check(f"{model} {preset} {name}", False, reason)
    reference = lifters.get("reference")
    if reference is None or (reference.model.is_deterministic and preset != "fast"):
        return
    expected = Lifter.from_pretrained(model, "cpu", engine="reference", preset=preset).lift(x_2d)
    for name, lifter in lifters.items():
        found = lifter.lift(x_2d).hypotheses
        apart = 1000 * np.linalg.norm(found - expected.hypotheses, axis=-1)
        mean, most = float(apart.mean()), float(apart.max())
        record.row(
            "Distance of joints from the CPU's, mm",
            model=model, preset=preset, engine=name, ran=lifter.engine_description,
            mean=mean, most=most,
        )  # fmt: skip
        ok = mean <= MEAN_MM and most <= MOST_MM  # False for NaN
        record.check(f"{model} {preset} {name}", ok, f"{mean:.4f} mm off, most {most:.4f}")


def _same_bits(context: Context, record: Record) -> None:
    """Check that a batch gives the same bits again, and a single window nearly the same."""
    x_2d = context.windows(2 if context.tiny else MANY)
    lifter = Lifter.from_pretrained(DEFAULT_MODEL, context.device, preset="fast")
    first, again, alone = (lifter.lift(x).poses for x in (x_2d, x_2d, x_2d[-1:]))
    record.check("the same batch gives the same bits", np.array_equal(first, again), "it does not")
    apart = 1000 * float(np.abs(first[-1:] - alone).max())
    record.check("a window does not depend on its batch", apart < MEAN_MM, f"{apart:.4f} mm")


def _failures(context: Context, record: Record) -> None:
    """Run the failures in a separate process, since it loses its device."""
    command = [sys.executable, "-m", "gpu.failures", str(context.scratch)]
    try:
        subprocess.run(command, timeout=max(20.0, context.left_s), check=False)
    except subprocess.TimeoutExpired:
        record.note("gpu.failures was stopped at its limit.")
    checks = context.found("failures").get("checks", [])
    for check in checks:
        record.check(**check)
    names = [check["name"] for check in checks]
    record.check("failures came to their end", LOST in names, f"{len(names)} checks: {names}")
