"""Effects of lower precision: poses with coarser matrix products, and the time of bfloat16.

The factors are rounded as in TF32 (10 bits) and bfloat16 (7 bits), and summed in float32, as tensor
cores do. This shows on any machine how far joints move on a GPU. The time is that of bfloat16
autocast on this CPU.
"""

import argparse
from functools import partial

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from diffhpe_ros.benchmark.times import median_ms
from diffhpe_ros.lifting import Lifter, SamplingConfig, load_model
from diffhpe_ros.lifting.diffusion.samplers import DDIM
from diffhpe_ros.lifting.pipeline.views import PersonView
from diffhpe_ros.paths import data_folder

REPEATS = 15
WINDOWS = 32
BITS = {"TF32": 11, "bfloat16": 8}  # including the leading one
_aten = torch.ops.aten
FACTORS = {
    _aten.mm.default: (0, 1),
    _aten.bmm.default: (0, 1),
    _aten.addmm.default: (1, 2),
    _aten.addmm_.default: (1, 2),
    _aten.baddbmm.default: (1, 2),
}
"""Positions of the factors among the arguments of matrix products."""


class RoundedFactors(TorchDispatchMode):
    """Rounds the factors of matrix products to this number of bits."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        values = list(args)
        for place in FACTORS.get(func, ()):
            mantissa, exponent = torch.frexp(values[place])
            coarse = (mantissa * 2**self.bits).round() / 2**self.bits
            values[place] = torch.ldexp(coarse, exponent)
        return func(*values, **(kwargs or {}))


@torch.inference_mode()
def bfloat16_times(model, x_2d):
    """Milliseconds of one DDIM step in float32 and with bfloat16 autocast."""

    def step(dtype):
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            noise = torch.randn(*x_2d.shape[:3], 3, generator=torch.Generator().manual_seed(0))
            denoise = model.denoise_with(model.condition(x_2d))
            DDIM(1).sample(denoise, model.schedule, lambda: noise)

    return median_ms([partial(step, torch.float32), partial(step, torch.bfloat16)], REPEATS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="diffhpe-wrapper")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--windows", default=data_folder() / "mocap/cmu_validation.npz")
    arguments = parser.parse_args()
    x = np.load(arguments.windows)["x"]
    windows = x[:: max(1, len(x) // WINDOWS)][:WINDOWS].astype(np.float32)
    lifter = Lifter.from_pretrained(arguments.model, engine="folded")
    if not lifter.model.is_deterministic:
        lifter = lifter.sampled(SamplingConfig(preset=arguments.preset))
    print(f"{arguments.model}, {lifter.preset_name}: joints of {len(windows)} windows move")
    exact = lifter.lift(windows).hypotheses
    for name, bits in BITS.items():
        with RoundedFactors(bits):
            apart = 1000 * np.linalg.norm(lifter.lift(windows).hypotheses - exact, axis=-1)
        print(f"{name:8} by {apart.mean():.2f} mm, most {apart.max():.2f}")
    if lifter.model.is_deterministic:
        return
    x_2d, _ = PersonView().to_model_view(torch.from_numpy(windows[:1]))
    single, half = bfloat16_times(load_model(arguments.model), x_2d)
    print(f"one DDIM step of one window, {torch.get_num_threads()} threads:", end=" ")
    print(f"float32 {single:.1f} ms, bfloat16 autocast {half:.1f} ms")


if __name__ == "__main__":
    main()
