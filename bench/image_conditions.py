"""Detection in unusual images: dark, noisy, blurred, wide, large, small.

python bench/image_conditions.py render FOLDER
python bench/image_conditions.py score FOLDER [--only WORD] [--model full heavy]

One rendered person walks on the spot for 0.7 s at 15 images per second; the detector starts without
known people. A person counts as found if the joints are within 20 % of the person's size of their
true positions. Errors are those of the joints in the image, in % of that size, the longer side of
the box around all joints.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from image_condition_clips import FPS, SHOTS, Clip, Shot, render
from numpy.typing import NDArray

from diffhpe_ros.detection import create_detector
from diffhpe_ros.detection.weights import MODELS
from diffhpe_ros.pipeline.detection_stage import DetectionStage
from diffhpe_ros.pose_distance import pose_distances
from diffhpe_ros.rendering.render import GAMMA
from diffhpe_ros.tracking import PeopleTracker
from diffhpe_ros.training.experiments.document import markdown_table

SAME = 0.2
READ_NOISE, SHOT_NOISE = 0.0015, 0.0004
"""Standard deviation in the dark, and variance at white; relative to white light."""
SIZES_PX = (0, 50, 65, 80, 100, 130, 180, 250, 400)

Image = NDArray[np.uint8]
Change = Callable[[Image, float, np.random.Generator], Image]
"""A change of an image, given the person's size in pixels."""


def exposed(image: Image, size: float, rng: np.random.Generator, light: float) -> Image:
    """The image with this share of the light, from a sensor with unchanged noise."""
    linear = light * (image / 255.0) ** GAMMA
    noise = np.sqrt(READ_NOISE**2 + SHOT_NOISE * linear) * rng.standard_normal(image.shape)
    return _eight_bit((linear + noise).clip(0, 1) ** (1 / GAMMA))


def noisy(image: Image, size: float, rng: np.random.Generator, deviation: float) -> Image:
    """The image with noise of this share of white."""
    return _eight_bit(image / 255.0 + deviation * rng.standard_normal(image.shape))


def blurred(image: Image, size: float, rng: np.random.Generator, share: float) -> Image:
    """The image out of focus by a share of the person's size."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), share * size), np.uint8)


def moved(image: Image, size: float, rng: np.random.Generator, share: float) -> Image:
    """The image from a camera that turns by a share of the person's size."""
    length = max(round(share * size), 1)
    return np.asarray(cv2.blur(image, (length, 1)), np.uint8)


def _eight_bit(image: NDArray[Any]) -> Image:
    return np.asarray((255 * image.clip(0, 1) + 0.5).astype(np.uint8))


CHANGES: Mapping[str, Change | None] = {
    "as drawn": None,
    **{f"light, 1/{n}": partial(exposed, light=1 / n) for n in (4, 16, 32, 64, 128)},
    **{f"light, {n} times": partial(exposed, light=n) for n in (2, 4)},
    **{f"noise, SD {n:.0%}": partial(noisy, deviation=n) for n in (0.05, 0.1, 0.2, 0.3)},
    **{f"out of focus, SD {n:.0%} of the size": partial(blurred, share=n) for n in (0.02, 0.05)},
    **{f"moved by {n:.0%} of the size": partial(moved, share=n) for n in (0.05, 0.1, 0.2)},
}


class Score:
    """Scores of some clips.

    Args:
        clips: each with its camera.
        model: the landmark model.
        change: a change of the images.
    """

    def __init__(
        self, clips: Sequence[tuple[Shot, Clip]], model: str, change: Change | None = None
    ) -> None:
        per_clip = [_errors(shot, clip, model, change) for shot, clip in clips]
        self.errors: NDArray[Any] = np.concatenate(per_clip)
        """(T, 17) relative to the person's size, infinite if not found, NaN outside the image."""
        self.sizes: NDArray[Any] = np.concatenate([_sizes(clip) for _, clip in clips])
        """(T,) pixels."""

    def cells(self, rows: NDArray[np.bool_] | None = None) -> list[str]:
        """Images, recall, median and 90th percentile of errors, for all images or some."""
        errors = self.errors if rows is None else self.errors[rows]
        found = ~np.isinf(errors).any(-1)
        known = errors[found][np.isfinite(errors[found])]
        cells = [f"{len(errors)}", f"{100 * found.mean():.0f}"]
        return [*cells, *(f"{100 * np.percentile(known, p):.1f}" if len(known) else ""
                          for p in (50, 90))]  # fmt: skip


def _sizes(clip: Clip) -> NDArray[Any]:
    return np.asarray(np.nanmax(clip.keypoints, 1) - np.nanmin(clip.keypoints, 1)).max(-1)


def _errors(shot: Shot, clip: Clip, model: str, change: Change | None) -> NDArray[Any]:
    stage = DetectionStage(create_detector("blazepose", model=model), PeopleTracker(1))
    camera, rng, rows = shot.lens.camera, np.random.default_rng(0), []
    for k, (image, true, size) in enumerate(
        zip(clip.images, clip.keypoints, _sizes(clip), strict=True)
    ):
        if shot.scale > 1:
            image = cv2.resize(image, (camera.width, camera.height))
        seen = image if change is None else change(image, float(size), rng)
        people = stage.process(seen, camera, "camera", round(k * 1e9 / FPS), wanted=False).people
        inside = ((true >= 0) & (true < (camera.width, camera.height))).all(-1)
        apart = pose_distances(true[None], people.keypoints)[0]
        errors = np.where(inside, np.inf, np.nan)
        if len(apart) and apart.min() < SAME:
            errors = np.linalg.norm(people.keypoints[apart.argmin()] - true, axis=-1) / size
        rows.append(np.where(inside, errors, np.nan))
    return np.array(rows)


HEADER = ["images", "recall, %", "median error, %", "90 %"]


def by_change(clips: Sequence[tuple[Shot, Clip]], model: str) -> str:
    """A table of changes to normal images."""
    rows = [[name, *Score(clips, model, change).cells()] for name, change in CHANGES.items()]
    return markdown_table(["image", *HEADER], rows)


def by_lens(clips: Sequence[tuple[Shot, Clip]], model: str) -> str:
    """A table of lenses and of degrees from their axis."""
    rows = []
    for name in dict.fromkeys((shot.lens.name, shot.yaw) for shot, _ in clips):
        group = [each for each in clips if (each[0].lens.name, each[0].yaw) == name]
        angle = np.mean([clip.angle.mean() for _, clip in group])
        rows.append([name[0], f"{angle:.0f}°", *Score(group, model).cells()])
    return markdown_table(["lens", "from the axis", *HEADER], rows)


def by_format(clips: Sequence[tuple[Shot, Clip]], model: str) -> str:
    """A table of image sizes and distances."""
    rows = [
        [shot.lens.name, f"{shot.distance_m:g} m", *Score([(shot, clip)], model).cells()]
        for shot, clip in clips
    ]
    return markdown_table(["image", "distance", *HEADER], rows)


def by_size(clips: Sequence[tuple[Shot, Clip]], model: str) -> str:
    """A table of people's sizes in pixels."""
    score, rows = Score(clips, model), []
    for low, high in pairwise(SIZES_PX):
        group = (score.sizes >= low) & (score.sizes < high)
        if group.any():
            rows.append([f"{low} to {high}", *score.cells(group)])
    return markdown_table(["pixels", *HEADER], rows)


TABLES = {"usual": by_change, "lens": by_lens, "format": by_format, "size": by_size}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("render", "score"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="clips whose names contain this")
    parser.add_argument("--model", nargs="+", default=["full"], choices=MODELS)
    arguments = parser.parse_args()
    shots = [shot for shot in SHOTS if arguments.only in shot.name]
    if arguments.action == "render":
        render(arguments.folder, shots)
        return
    for model in arguments.model:
        for table, make in TABLES.items():
            group = [(shot, Clip.read(arguments.folder, shot)) for shot in shots
                     if shot.table == table]  # fmt: skip
            if group:
                print(f"\n{model}, {table}\n\n{make(group, model)}", flush=True)


if __name__ == "__main__":
    main()
