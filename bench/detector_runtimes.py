"""BlazePose on LiteRT against BlazePose on onnxruntime: outputs, joints and time on one core.

Outputs are compared on the same images, relative to their range over all images. Joints are those
of the embedded clip, in pixels: first with the same regions, then with each detector tracking the
person on its own. Tracking magnifies the smallest difference, since the joints determine the next
region. LiteRT's result for a region shifted by 0.001 px shows by how much.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from diffhpe_ros.detection.blazepose.landmarks import (
    LANDMARK_OUTPUTS,
    NUM_BODY,
    LandmarkNetwork,
    Landmarks,
)
from diffhpe_ros.detection.blazepose.litert import LiteRTNetwork
from diffhpe_ros.detection.blazepose.network import Network
from diffhpe_ros.detection.blazepose.networks import Networks, open_networks
from diffhpe_ros.detection.blazepose.onnx_network import OnnxNetwork
from diffhpe_ros.detection.blazepose.people import LandmarkFinder, PeopleFollower
from diffhpe_ros.detection.blazepose.regions import Region, RegionFinder
from diffhpe_ros.detection.blazepose.tflite_graph import keep_outputs
from diffhpe_ros.detection.blazepose.tflite_onnx import tflite_to_onnx
from diffhpe_ros.video import VideoReader

CLIP = Path(__file__).parent.parent / "diffhpe_ros" / "assets" / "walk.mp4"
CPU = ("CPUExecutionProvider",)
REPEATS = 30
SHIFT = 1e-3  # px


@dataclass
class Recorder:
    """A network that records its input images."""

    network: Network
    images: list[np.ndarray] = field(default_factory=list)

    @property
    def input_size(self) -> int:
        """See `Network`."""
        return self.network.input_size

    def __call__(self, image: np.ndarray) -> dict:
        """See `Network`."""
        self.images.append(image)
        return self.network(image)


@dataclass
class Distances:
    """Landmarks from one network, with the distances of another network's in the same region."""

    network: LandmarkFinder
    other: LandmarkFinder
    px: list[np.ndarray] = field(default_factory=list)

    def run(self, image: np.ndarray, region: Region) -> Landmarks:
        """See `LandmarkFinder`."""
        ours, other = (each.run(image, region) for each in (self.network, self.other))
        self.px.append(np.linalg.norm(ours.points - other.points, axis=-1)[:NUM_BODY])
        return ours


@dataclass
class Shifted:
    """Landmarks shifted slightly to the right, so that the next region is, too."""

    network: LandmarkFinder

    def run(self, image: np.ndarray, region: Region) -> Landmarks:
        """See `LandmarkFinder`."""
        seen = self.network.run(image, region)
        return replace(seen, points=seen.points + np.array([SHIFT, 0]))


def follower(networks: Networks, change: Callable = lambda network: network) -> PeopleFollower:
    finder = RegionFinder(networks.regions, threshold=0.5)
    return PeopleFollower(finder, change(LandmarkNetwork(networks.landmarks)), 1, 5, 0.5)


def report(title: str, ours: Network, other: Network, images: Sequence[np.ndarray]) -> None:
    side = ours.input_size
    random = np.random.default_rng(0).random
    noise = random((10, side, side, 3), np.float32)  # not an image: badly conditioned
    patches = [cv2.resize(random((14, 14, 3), np.float32), (side, side)) for _ in range(10)]
    for kind, shown in (("clip", images), ("patches", patches), ("noise", noise)):
        for shape, most in differences(ours, other, shown).items():
            print(f"{title:20} {kind:7} {'x'.join(map(str, shape)):12} {most:9.1e}")
    ms = cpu_ms([partial(each, images[0]) for each in (ours, other)])
    print(f"{title:20} LiteRT {ms[0]:.1f} ms, onnxruntime {ms[1]:.1f} ms: {ms[1] / ms[0]:.2f}")


def differences(ours: Network, other: Network, images: Sequence[np.ndarray]) -> dict:
    """The largest difference of each output, divided by its range over all images."""
    apart, values = defaultdict(float), defaultdict(list)
    for image in images:
        theirs = other(image)
        for shape, output in ours(image).items():
            apart[shape] = max(apart[shape], float(np.abs(output - theirs[shape]).max()))
            values[shape] += [output.min(), output.max()]
    # The score is a probability: its range is 1, even if all images show a person.
    return {s: most / (1 if s == (1, 1) else np.ptp(values[s])) for s, most in apart.items()}


def cpu_ms(runs: Sequence[Callable]) -> list[float]:
    """The least CPU time of each, measured in turn."""
    taken: list[list[float]] = [[] for _ in runs]
    for _ in range(REPEATS):
        for times, run in zip(taken, runs, strict=True):
            begin = time.process_time()
            run()
            times.append(1000 * (time.process_time() - begin))
    return [min(times) for times in taken]


def convert(model: bytes, folder: Path) -> OnnxNetwork:
    path = folder / "network.onnx"
    path.write_bytes(tflite_to_onnx(keep_outputs(model, LANDMARK_OUTPUTS)))
    return OnnxNetwork(path, 1, CPU)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, default=CLIP)
    parser.add_argument("--landmarks", type=Path, nargs="*", default=[], help="more .tflite files")
    arguments = parser.parse_args()
    litert, onnx = open_networks("litert", 1, None), open_networks("onnx", 1, CPU)
    print(f"LiteRT: {litert.device}; onnxruntime: {onnx.device}")
    with VideoReader(arguments.clip) as reader:
        frames = [image for _, _, image in reader]
    recorded = Networks(Recorder(litert.regions), Recorder(litert.landmarks), litert.device)
    same = Distances(LandmarkNetwork(recorded.landmarks), LandmarkNetwork(onnx.landmarks))
    following = follower(recorded, lambda _: same)
    for frame in frames:
        following.update(frame)
    print("\nlargest difference of the outputs over their range; least CPU time and its ratio")
    report("pose_detection", litert.regions, onnx.regions, recorded.regions.images)
    report("pose_landmark_full", litert.landmarks, onnx.landmarks, recorded.landmarks.images)
    with tempfile.TemporaryDirectory() as folder:
        for file in arguments.landmarks:
            model = file.read_bytes()
            pair = LiteRTNetwork(model, 1, LANDMARK_OUTPUTS), convert(model, Path(folder))
            report(file.stem, *pair, recorded.landmarks.images)
    print("\ndistance of the joints, px:  median     p95     p99     max")
    show("same regions", np.concatenate(same.px))
    show("each by itself", apart(frames, follower(litert), follower(onnx)))
    show("LiteRT, 0.001 px apart", apart(frames, follower(litert), follower(litert, Shifted)))


def apart(frames: Sequence[np.ndarray], ours: PeopleFollower, other: PeopleFollower) -> np.ndarray:
    """Distances in pixels between the first person's joints from both."""
    distances = []
    for frame in frames:
        people = ours.update(frame), other.update(frame)
        if all(people):
            points = [each[0].points[:NUM_BODY] for each in people]
            distances.append(np.linalg.norm(points[0] - points[1], axis=-1))
    return np.concatenate(distances)


def show(title: str, px: np.ndarray) -> None:
    figures = np.percentile(px, (50, 95, 99, 100))
    print(f"{title:27}", *(f"{value:7.3f}" for value in figures))


if __name__ == "__main__":
    main()
