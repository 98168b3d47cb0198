"""What bfloat16 on the CPU would change: poses of one step, and the time of a window."""

import argparse
from functools import partial

import numpy as np
import torch

from diffhpe_ros.benchmark.times import median_ms
from diffhpe_ros.lifting import load_model
from diffhpe_ros.lifting.samplers import DDIM
from diffhpe_ros.lifting.views import PersonView

REPEATS = 15


@torch.inference_mode()
def poses_mm(model, x_2d, dtype):
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        noise = torch.randn(*x_2d.shape[:3], 3, generator=torch.Generator().manual_seed(0))
        condition = model.condition(x_2d)
        poses = DDIM(1).sample(model.denoise_with(condition), model.schedule, lambda: noise)
    return 1000 * model.pose_scale * poses.float()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="diffhpe-wrapper")
    parser.add_argument("--windows", default="../shared/data/mocap/cmu_validation.npz")
    arguments = parser.parse_args()
    model = load_model(arguments.model)
    x_2d, _ = PersonView().enter(torch.from_numpy(np.load(arguments.windows)["x"][:32]).float())
    single, half = (partial(poses_mm, model, dtype=d) for d in (torch.float32, torch.bfloat16))
    apart = (half(x_2d) - single(x_2d)).norm(dim=-1)
    of_single, of_half = median_ms([lambda: single(x_2d[:1]), lambda: half(x_2d[:1])], REPEATS)
    print(f"{arguments.model}, one DDIM step, {torch.get_num_threads()} threads")
    print(f"float32  {of_single:5.1f} ms a window")
    print(
        f"bfloat16 {of_half:5.1f} ms; joints move by {apart.mean():.2f} mm, most {apart.max():.2f}"
    )


if __name__ == "__main__":
    main()
