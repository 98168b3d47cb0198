"""One window's lift time against the paper's own loop, in the same run."""

import argparse
import statistics
import time

import torch

from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.diffhpe import DiffHPE
from diffhpe_ros.lifting.noise import SeededNoise

REPEATS = 9


def reference(lifter: Lifter, x_2d: torch.Tensor) -> torch.Tensor:
    """The released loop: hypotheses one by one, the condition encoded at every step."""
    model = lifter.model
    assert isinstance(model, DiffHPE)
    poses = []
    for seed in range(lifter.hypotheses):
        noise = SeededNoise([seed], 1, tuple(x_2d.shape[1:3]), torch.device("cpu"))
        poses.append(
            lifter._sampler.sample(
                lambda x, t: model.predict(x, torch.tensor([t]), model.condition(x_2d)),
                model.schedule,
                noise,
            )
        )
    return torch.stack(poses).mean(0)


def seconds(action) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="diffhpe-wrapper")
    parser.add_argument("--preset", default=None)
    arguments = parser.parse_args()
    lifter = Lifter.from_pretrained(arguments.model, preset=arguments.preset)
    x_2d = torch.randn(1, 27, 17, 2) * 0.2 + 0.1
    ours, theirs = [], []
    with torch.inference_mode():
        lifter.lift(x_2d)
        for _ in range(REPEATS):  # in turn, so that a drift of the machine cancels out
            ours.append(seconds(lambda: lifter.lift(x_2d)))
            theirs.append(seconds(lambda: reference(lifter, x_2d)))
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    print(f"{arguments.model}: {lifter.preset}, {torch.get_num_threads()} threads")
    print(f"ours        {1000 * statistics.median(ours):9.1f} ms a window (median of {REPEATS})")
    print(f"the paper's {1000 * statistics.median(theirs):9.1f} ms")
    print(f"ratio       {ratio:9.2f}")


if __name__ == "__main__":
    main()
