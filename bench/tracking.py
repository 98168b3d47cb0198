"""Detection and tracking of people: rendered rooms with 2 to 6 people, and a real video.

python bench/tracking.py render FOLDER [--group held-out] [--scene WORD]
python bench/tracking.py score FOLDER [--model full heavy] [--video FILE]

The scenes of the group `development` were used to develop the tracking, those of `held-out` not.
`render` takes about half an hour on one core. A person counts in images that show at least half of
their joints. A detection matches a person if its joints are within 20 % of the person's size. MOTA
and IDF1 come from motmetrics (`pip install -e '.[bench]'`). The real video has no truth, so the
number of images with each id is printed.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import motmetrics
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm
from tracking_scenes import FPS, GROUPS, Scene, Truth, render, view

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection import create_detector
from diffhpe_ros.detection.weights import MODELS
from diffhpe_ros.paths import data_folder
from diffhpe_ros.pipeline.detection_stage import DetectionStage
from diffhpe_ros.pose_distance import pose_distances
from diffhpe_ros.tracking import NOT_FOLLOWED, PeopleTracker
from diffhpe_ros.training.experiments.document import markdown_table
from diffhpe_ros.video import VideoReader

MAX_PEOPLE = 6
WINDOW_S = 0.54
SAME = 0.2
LEAST_SEEN = 0.5
METRICS = ["recall", "precision", "mota", "idf1", "num_switches"]
DISTANCES_M = (3, 4, 5, 6, 7, 8, 9, 11)
SIZES_PX = (80, 100, 120, 140, 180, 240, 480)

Found = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Track ids (P,) and keypoints (P, 17, 2)."""


def track(video: Path, camera: Camera | None, model: str) -> Iterator[Found]:
    """The tracks in each image of a video."""
    detector = create_detector("blazepose", max_people=MAX_PEOPLE, model=model)
    stage = DetectionStage(detector, PeopleTracker(MAX_PEOPLE))
    with VideoReader(video) as reader:
        for _, time_s, image in tqdm(reader, video.stem, unit="image", leave=False):
            lens = camera or Camera.from_field_of_view(image.shape[1], image.shape[0], 60.0)
            result = stage.process(image, lens, "camera", round(time_s * 1e9), wanted=False)
            followed = result.track_ids != NOT_FOLLOWED
            yield result.track_ids[followed], result.people.keypoints[followed]


class Score:
    """Scores of one scene.

    Args:
        known: the true people.
    """

    def __init__(self, known: Truth) -> None:
        self._known = known
        self.counts = (~known.hidden).mean(-1) >= LEAST_SEEN
        """(T, P) whether a person should be found in an image."""
        self.accumulator = motmetrics.MOTAccumulator()

    def add(self, frame: int, found: Found) -> None:
        """Compare an image's tracks with the truth."""
        ids, keypoints = found
        apart = pose_distances(self._known.keypoints[frame], keypoints)
        apart[apart >= SAME] = np.nan
        counts = self.counts[frame]
        others = np.isfinite(apart[~counts]).any(0) & ~np.isfinite(apart[counts]).any(0)
        rows = np.flatnonzero(counts)
        self.accumulator.update(rows, ids[~others], apart[np.ix_(rows, ~others)], frameid=frame)

    @property
    def matches(self) -> Any:
        """Table of the people found in each image: FrameId, OId, HId."""
        events = self.accumulator.mot_events.reset_index()
        return events[events.Type.isin(["MATCH", "SWITCH"])]

    @property
    def found(self) -> NDArray[np.bool_]:
        """(T, P) whether a person was found."""
        found = np.zeros_like(self.counts)
        found[self.matches.FrameId.astype(int), self.matches.OId.astype(int)] = True
        return found

    def ids_per_person(self) -> float:
        """Mean number of ids per person that lasted for at least a window."""
        images = self.matches.groupby(["OId", "HId"]).size()
        return float(images[images >= WINDOW_S * FPS].groupby("OId").size().mean())

    @property
    def sizes(self) -> NDArray[Any]:
        """(T, P) pixels, the longer side of the box around all joints."""
        return np.ptp(self._known.keypoints, axis=-2).max(-1)

    @property
    def distances(self) -> NDArray[Any]:
        """(T, P) metres."""
        return self._known.distance


def score(folder: Path, group: str, scenes: Sequence[Scene], model: str) -> None:
    """Print the tables of a group of scenes and one landmark model."""
    scores = {}
    for scene in scenes:
        scores[scene.name] = each = Score(Truth.read(folder / f"{scene.name}.npz"))
        video = folder / f"{scene.name}.mp4"
        for frame, found in enumerate(track(video, view().camera, model)):
            each.add(frame, found)
    summary = motmetrics.metrics.create().compute_many(
        [each.accumulator for each in scores.values()],
        metrics=METRICS,
        names=list(scores),
        generate_overall=True,
    )
    numbers = {name: f"{each.ids_per_person():.1f}" for name, each in scores.items()}
    numbers["OVERALL"] = f"{np.mean([each.ids_per_person() for each in scores.values()]):.1f}"
    rows = []
    for name, values in summary.iterrows():
        recall, precision, mota, idf1, switches = values
        shares = (f"{100 * value:.1f}" for value in (recall, precision, mota, idf1))
        rows.append([str(name), *shares, f"{switches:.0f}", numbers[str(name)]])
    header = ["scene", "recall, %", "precision, %", "MOTA", "IDF1", "switches", "ids per person"]
    print(f"\n{group}: {model}, {FPS} images a second\n")
    print(markdown_table(header, rows))
    each = list(scores.values())
    print("\n" + recall_by("m away", [(s.distances, s) for s in each], DISTANCES_M))
    print("\n" + recall_by("pixels tall", [(s.sizes, s) for s in each], SIZES_PX))


def recall_by(
    what: str, scores: Sequence[tuple[NDArray[Any], Score]], limits: Sequence[int]
) -> str:
    """A table of the recall by ranges of a quantity (T, P) of each scene."""
    values = np.concatenate([value[s.counts] for value, s in scores])
    found = np.concatenate([s.found[s.counts] for _, s in scores])
    rows = []
    for low, high in pairwise(limits):
        group = (values >= low) & (values < high)
        if group.any():
            recall = f"{100 * found[group].mean():.1f}"
            rows.append([f"{low} to {high}", f"{group.sum()}", recall])
    return markdown_table([what, "people in images", "recall, %"], rows)


def watch(video: Path, model: str) -> None:
    """Print the number of images of a video with each id."""
    images = [ids.tolist() for ids, _ in track(video, None, model)]
    seen = Counter(track_id for ids in images for track_id in ids)
    print(f"\n{video.name}, {model}: {len(images)} images, by people seen: ", end="")
    print(sorted(Counter(map(len, images)).items()))
    print("images by id:", dict(seen.most_common()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("render", "score"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--group", nargs="+", default=[*GROUPS], choices=GROUPS)
    parser.add_argument("--scene", default="", help="only those whose names contain this")
    parser.add_argument("--model", nargs="+", default=["full"], choices=MODELS)
    video = data_folder() / "video" / "sports2d_demo.mp4"
    parser.add_argument("--video", type=Path, default=video, help="without a truth")
    arguments = parser.parse_args()
    groups = {
        group: [scene for scene in GROUPS[group] if arguments.scene in scene.name]
        for group in arguments.group
    }
    if arguments.action == "render":
        for scenes in groups.values():
            render(arguments.folder, scenes)
        return
    for model in arguments.model:
        for group, scenes in groups.items():
            score(arguments.folder, group, scenes, model)
        if arguments.video.is_file():
            watch(arguments.video, model)


if __name__ == "__main__":
    main()
