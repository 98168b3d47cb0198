"""The engines against each other, in turn in one run: the time of a window, and their poses."""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch

from diffhpe_ros.benchmark.times import median_ms
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.lifting.engines.export import export

REPEATS = 9
ENGINES = ("native", "folded", "plain", "onnx")
SAMPLINGS = ((1, 1), (1, 5), (5, 1), (5, 5))
"""Steps and hypotheses."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    arguments = parser.parse_args()
    window = np.random.default_rng(0).normal(0.1, 0.2, (1, 27, 17, 2))
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "model"
        export(arguments.model, exported)
        print(f"{arguments.model}, {torch.get_num_threads()} threads; ms a window")
        print(f"{'DDIM':8}", *(f"{name:>8}" for name in ENGINES), "   apart, mm")
        for steps, hypotheses in SAMPLINGS:
            how = {"sampler": "ddim", "steps": steps, "hypotheses": hypotheses}
            lifters = [Lifter.from_pretrained(exported, engine=name, **how) for name in ENGINES]
            times = median_ms([partial(lifter.lift, window) for lifter in lifters], REPEATS)
            poses = np.stack([lifter.lift(window).poses for lifter in lifters])
            apart = 1000 * np.ptp(poses, axis=0).max()
            print(f"{steps} x {hypotheses:<4}", *(f"{ms:8.1f}" for ms in times), f"{apart:10.4f}")


if __name__ == "__main__":
    main()
