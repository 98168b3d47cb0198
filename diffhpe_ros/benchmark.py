"""How long lifting takes: `diffhpe bench`."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from tqdm import tqdm

from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.checkpoints import load_with_config
from diffhpe_ros.lifting.diffhpe import DiffHPE
from diffhpe_ros.skeleton import NUM_JOINTS

REPEATS = 15
PEOPLE = (1, 4, 16)


def benchmark(name: str, device: str) -> dict[str, object]:
    """Median milliseconds to lift windows of a model, at each preset and number of people.

    Args:
        name: of the model.
        device: cpu, cuda or cuda:N.

    Returns:
        Figures by name: times in ms; `matrix_gflops` is the machine's own rate in a float32
        matrix product as thin as the networks', which tells what the arithmetic allows.
    """
    model, config = load_with_config(name)
    Lifter(model, config, device)  # refuses a device that is not there
    figures: dict[str, object] = {
        "model": name,
        "device": device,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "matrix_gflops": _matrix_rate(device),
    }
    presets = [p for p in config.presets if p != "faithful"] if _samples(model) else ["fast"]
    for preset in presets:
        lifter = Lifter(model, config, device, preset=preset)
        for people in tqdm(PEOPLE, desc=preset, unit="batch", leave=False):
            x_2d = _windows(people, config.frames)
            label = f"{preset}_{people}_people_ms" if _samples(model) else f"{people}_people_ms"
            figures[label] = _median_ms(partial(lifter.lift, x_2d))
    return figures


def _samples(model: torch.nn.Module) -> bool:
    return isinstance(model, DiffHPE)


def _windows(people: int, frames: int) -> np.ndarray:
    """People standing here and there."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0.0, 0.5, (people, 1, 1, 2))
    return centres + rng.normal(0.0, 0.15, (people, frames, NUM_JOINTS, 2))


def _median_ms(action: Callable[[], object], repeats: int = REPEATS) -> float:
    action()  # warm up
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))


def _matrix_rate(device: str, rows: int = 27 * NUM_JOINTS * 16) -> float:
    """GFLOP/s of (rows, 64) x (64, 128)."""
    a, b = torch.randn(rows, 64, device=device), torch.randn(64, 128, device=device)

    def product() -> None:
        torch.mm(a, b)
        if device != "cpu":
            torch.cuda.synchronize()

    return 2 * rows * 64 * 128 / _median_ms(product, repeats=50) / 1e6
