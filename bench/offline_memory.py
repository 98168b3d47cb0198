"""Peak memory of `diffhpe lift` over recordings of keypoints of different lengths.

python bench/offline_memory.py --minutes 10 --minutes 60
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np

from diffhpe_ros.rendering.clip import walking_clip

LIFT = "from diffhpe_ros.cli import main; main()"


@click.command()
@click.option("--minutes", multiple=True, default=(10, 60), help="Lengths of the recordings.")
@click.option("--model", default="mixste", help="A name or a checkpoint.")
@click.option("--ending", default=".bvh", help="Of the output.")
def main(minutes: tuple[int, ...], model: str, ending: str) -> None:
    clip = walking_clip()
    once = clip.camera.project(clip.joints.astype(float)).astype(np.float32)
    there_and_back = np.concatenate([once, once[::-1]])
    for length in minutes:
        with tempfile.TemporaryDirectory() as folder:
            path, out = Path(folder, "keypoints.npz"), Path(folder, f"out{ending}")
            repeats = round(length * 60 * clip.fps / len(there_and_back))
            np.savez(
                path, keypoints=np.tile(there_and_back, (repeats, 1, 1)), layout="h36m17",
                fps=clip.fps, width=640, height=480, K=clip.camera.matrix,
            )  # fmt: skip
            command = [sys.executable, "-c", LIFT, "lift", str(path), "--out", str(out)]
            subprocess.run([*command, "--model", model], check=True)
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            print(f"{length} minutes: at most {peak:.0f} MB, {out.stat().st_size / 1e6:.0f} MB out")


if __name__ == "__main__":
    main()
