"""Compares the engines, in turn in one run: the time per window, and their poses.

Times are relative to the readable training model ("reference"), next to the floor set by the
arithmetic.
"""

import argparse
import itertools
import json
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from diffhpe_ros.benchmark.floors import floor_of, measure_rates
from diffhpe_ros.benchmark.times import Spread, in_turn
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.lifting.engines.choice import ENGINES, KERNELS
from diffhpe_ros.skeleton import NUM_JOINTS

FAILED = "failed:"
"""The start of the reason if an engine should run but does not."""
ROUNDS = 5
LEAST_MS = 100.0
SAMPLINGS = ((1, 1), (1, 5), (5, 1), (5, 5))
"""Steps and hypotheses."""


def lifters_of(model: str, device: str, **how: object) -> tuple[dict[str, Lifter], dict[str, str]]:
    """Lifters by engine and kernels, `reference` first; and why others cannot run here."""
    lifters, refused = {}, {}
    engines = ["reference", *(name for name in ENGINES if name not in ("auto", "reference"))]
    for kernels, engine in itertools.product(KERNELS, engines):
        name = engine if kernels == "torch" else f"{engine}+{kernels}"
        try:
            lifter = Lifter.from_pretrained(model, device, engine=engine, kernels=kernels, **how)
            lifter = lifter.captured()
            lifter.lift(np.full((1, lifter.config.frames, NUM_JOINTS, 2), 0.1, np.float32))
            lifters[name] = lifter
        except DiffhpeError as error:
            refused[name] = str(error)
        except Exception as error:  # such as a kernel that does not compile here
            refused[name] = f"{FAILED} {type(error).__name__}: {error}".partition("\n")[0]
    return lifters, refused


def measure(model: str, device: str, samplings=SAMPLINGS, rounds: int = ROUNDS) -> dict:
    """Rows for each sampling; for `onnx` the model must have been exported."""
    window = np.random.default_rng(0).normal(0.1, 0.2, (1, 27, 17, 2)).astype(np.float32)
    rates, rows, refused = measure_rates(device), [], {}
    for steps, hypotheses in samplings:
        how = {"sampler": "ddim", "steps": steps, "hypotheses": hypotheses}
        lifters, refused = lifters_of(model, device, **how)
        times = in_turn([partial(each.lift, window) for each in lifters.values()], rounds, LEAST_MS)
        poses = {name: each.lift(window).poses for name, each in lifters.items()}
        floor = floor_of(lifters["folded"], window, rates)
        for name, ms in zip(lifters, times.T, strict=True):
            rows.append(
                {
                    "ddim": f"{steps}x{hypotheses}",
                    "engine": name,
                    "ms": Spread.of(ms).median,
                    "faster": vars(Spread.of(times[:, 0] / ms)),
                    "above_floor": Spread.of(ms).median / floor.ms,
                    "launches_ms": floor.launches_ms,
                    "apart_mm": 1000 * float(np.abs(poses[name] - poses["reference"]).max()),
                }
            )
    return {"model": model, "device": device, "rates": vars(rates), "rows": rows, "not": refused}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    model = arguments.model
    with tempfile.TemporaryDirectory() as folder:
        if arguments.device == "cpu":
            from diffhpe_ros.lifting.engines.export import export

            model = str(Path(folder) / "model")
            export(arguments.model, Path(model))
        measured = measure(model, arguments.device)
    print(f"{arguments.model} on {arguments.device}; ms a window, times as fast as reference")
    for row in measured["rows"]:
        faster = row["faster"]
        print(
            f"DDIM {row['ddim']} {row['engine']:18} {row['ms']:8.2f} ms {faster['median']:5.2f}x"
            f" ({faster['low']:.2f} to {faster['high']:.2f}), {row['above_floor']:5.1f} floors,"
            f" {row['apart_mm']:.4f} mm apart"
        )
    for engine, reason in measured["not"].items():
        print(f"{engine}: {reason}")
    if arguments.json:
        arguments.json.write_text(json.dumps(measured, indent=2) + "\n")


if __name__ == "__main__":
    main()
