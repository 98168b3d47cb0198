"""Windows per second of `diffhpe train` on the CPU, with 32-bit floats and faster settings.

Each setting is timed as a whole process, with few steps and with more. What both share, such as
loading and compiling, cancels. A batch has 32 windows in total.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BATCH = 32
BF16 = ("trainer.precision=bf16-mixed",)
TWO = ("trainer.devices=2", "trainer.strategy=ddp", "threads=1", f"data.batch_size={BATCH // 2}")
WAYS = {
    "two threads": ("threads=2",),
    "bfloat16": ("threads=2", *BF16),
    "two processes": TWO,
    "two processes, bfloat16": (*TWO, *BF16),
    "two processes, bfloat16, compiled": (*TWO, *BF16, "compile=true"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", default="mixste")
    parser.add_argument("--few", type=int, default=10, metavar="STEPS")
    parser.add_argument("--more", type=int, default=70, metavar="STEPS")
    arguments = parser.parse_args()
    print("| way | windows a second | times as many |\n| --- | ---: | ---: |")
    first = None
    for name, settings in WAYS.items():
        few, more = (
            seconds(arguments.experiment, steps, settings)
            for steps in (arguments.few, arguments.more)
        )
        rate = BATCH * (arguments.more - arguments.few) / (more - few)
        first = first or rate
        print(f"| {name} | {rate:.0f} | {rate / first:.2f} |", flush=True)


def seconds(experiment: str, steps: int, settings: tuple[str, ...]) -> float:
    """Seconds for a training of some steps, without validation and calibration."""
    with tempfile.TemporaryDirectory() as out:
        command = [
            str(Path(sys.executable).with_name("diffhpe")), "train", "--experiment", experiment,
            f"out={out}/run", f"trainer.max_steps={steps}", f"trainer.val_check_interval={steps}",
            "++trainer.limit_val_batches=1", "stop_after=null", "calibrate_every=0",
            "progress=false", *settings,
        ]  # fmt: skip
        environment = os.environ | {"OMP_WAIT_POLICY": "passive"}
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=environment)
        return time.perf_counter() - begin


if __name__ == "__main__":
    main()
