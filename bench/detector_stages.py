"""CPU time per image in the detector by stage, at several image sizes.

The CPU time of the threads is measured rather than wall time, since other programs disturb it
little. It is summed over the enlarged embedded clip and divided by the number of images, so work
that is done in every fifth image counts for a fifth.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from clip_sizes import clip_camera, clip_images, size
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from diffhpe_ros.detection import create_detector
from diffhpe_ros.detection.blazepose.landmarks import LandmarkNetwork
from diffhpe_ros.detection.blazepose.letterbox import Letterbox
from diffhpe_ros.detection.blazepose.regions import RegionFinder
from diffhpe_ros.detection.weights import MODELS
from diffhpe_ros.nodes.messages.images import ImagePacker, image_to_bgr
from diffhpe_ros.nodes.parameters.tables import DetectorParameters
from diffhpe_ros.pipeline import detection_stage
from diffhpe_ros.pipeline.detection_stage import DetectionStage
from diffhpe_ros.tracking import PeopleTracker
from diffhpe_ros.training.experiments.document import markdown_table

PARTS = {
    "search: a part scaled to 224 pixels": (Letterbox, "of"),
    "search: the network": (RegionFinder, "find"),
    "a person: the crop": (LandmarkNetwork, "cut"),
    "a person: the network": (LandmarkNetwork, "read"),
    "clothes": (detection_stage, "see_clothes"),
}
"""The timed functions inside the detection stage: their location and name."""
READ, RECEIVED = "rclpy: bytes to message", "message to array"
ALL, REST = "all of the detector", "tracking, windows and the rest"


class Stages:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, with its time counted."""

        @wraps(function)
        def run(*arguments: Any, **options: Any) -> Any:
            begin = time.thread_time()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds[stage] += time.thread_time() - begin

        return run


def measure(stages: Stages, width: int, height: int, model: str, every: int) -> int:
    """Send every n-th image of the clip through the detector; return the number of timed images."""
    most = DetectorParameters().max_people
    detector = create_detector("blazepose", model=model, max_people=most)
    stage = DetectionStage(detector, PeopleTracker(most))
    process = stages.timed(ALL, stage.process)
    read, receive = stages.timed(READ, deserialize_message), stages.timed(RECEIVED, image_to_bgr)
    camera, packer, images = clip_camera(width, height), ImagePacker(), -1
    for k, pixels in enumerate(clip_images(width, height)):
        if k % every:
            continue
        sent = serialize_message(packer.pack(pixels, "camera", k))
        process(receive(read(sent, Image)), camera, "camera", round((k + 1) * 1e9 / 30))
        images += 1
        if not images:  # warm-up: libraries fill their tables
            stages.seconds.clear()
    return images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = [(640, 480), (1920, 1080), (3840, 2160)]
    parser.add_argument("--size", nargs="+", type=size, default=sizes, help="WIDTHxHEIGHT")
    parser.add_argument("--model", default="full", choices=MODELS)
    parser.add_argument("--every", type=int, default=1, help="of the clip's images")
    arguments = parser.parse_args()
    original = {stage: getattr(*place) for stage, place in PARTS.items()}
    columns: list[Mapping[str, float]] = []
    for width, height in arguments.size:
        stages = Stages()
        for stage, (place, name) in PARTS.items():
            timed = stages.timed(stage, original[stage])
            setattr(place, name, staticmethod(timed) if place is Letterbox else timed)
        images = measure(stages, width, height, arguments.model, arguments.every)
        columns.append({stage: 1000 * spent / images for stage, spent in stages.seconds.items()})
    rows = [[stage, *(f"{each.get(stage, 0):.2f}" for each in columns)] for stage in
            (READ, RECEIVED, *PARTS)]  # fmt: skip
    inside = [stage for stage in PARTS if stage != "search: the network"]  # in a thread of its own
    rest = [each[ALL] - sum(each.get(stage, 0) for stage in inside) for each in columns]
    rows.append([REST, *(f"{each:.2f}" for each in rest)])
    print(markdown_table(["ms an image", *(f"{w}x{h}" for w, h in arguments.size)], rows))


if __name__ == "__main__":
    main()
