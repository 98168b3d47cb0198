"""Peak memory of `diffhpe lift` over recordings of different lengths: keypoints, or a looped video.

python bench/offline_memory.py --minutes 10 --minutes 60
python bench/offline_memory.py --minutes 5 --minutes 20 --video diffhpe_ros/assets/walk.mp4
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import cv2
import numpy as np

from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader, VideoWriter

LIFT = "from diffhpe_ros.cli import main; main()"


@click.command()
@click.option("--minutes", multiple=True, default=(10, 60), help="Lengths of the recordings.")
@click.option("--video", type=Path, help="Played there and back, at half its size and rate.")
@click.option("--model", help="A name or a checkpoint; else mixste, of videos the default.")
@click.option("--ending", default=".bvh", help="Of the output.")
def main(minutes: tuple[int, ...], video: Path | None, model: str | None, ending: str) -> None:
    for length in minutes:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, f"out{ending}")
            if video is None:
                path, options = keypoints(Path(folder), length), ["--model", model or "mixste"]
            else:
                path, options = looped(video, Path(folder), length), ["--blazepose-model", "lite"]
                options += ["--model", model] if model else []
            command = [sys.executable, "-c", LIFT, "lift", str(path), "--out", str(out)]
            subprocess.run([*command, *options], check=True)
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            print(f"{length} minutes: at most {peak:.0f} MB, {out.stat().st_size / 1e6:.0f} MB out")


def keypoints(folder: Path, minutes: int) -> Path:
    """The package's own clip, forwards and backwards, as keypoints."""
    clip = walking_clip()
    once = clip.camera.project(clip.joints.astype(float)).astype(np.float32)
    there_and_back = np.concatenate([once, once[::-1]])
    repeats = round(minutes * 60 * clip.fps / len(there_and_back))
    path = folder / "keypoints.npz"
    np.savez(
        path, keypoints=np.tile(there_and_back, (repeats, 1, 1)), layout="h36m17",
        fps=clip.fps, width=640, height=480, K=clip.camera.matrix,
    )  # fmt: skip
    return path


def looped(video: Path, folder: Path, minutes: int) -> Path:
    """A video, forwards and backwards, with half of its width and height and every other image."""
    with VideoReader(video) as source:
        fps = source.fps / 2
        images = [cv2.resize(image, None, fx=0.5, fy=0.5) for _, _, image in source][::2]
    there_and_back = images + images[::-1]
    height, width = images[0].shape[:2]
    path = folder / "loop.mp4"
    with VideoWriter(path, width, height, fps) as writer:
        for number in range(round(minutes * 60 * fps)):
            writer.write(there_and_back[number % len(there_and_back)])
    return path


if __name__ == "__main__":
    main()
