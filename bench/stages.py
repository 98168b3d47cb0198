"""CPU time of each step for an image, from pixels to markers, without DDS.

CPU time is measured rather than wall time, since other programs disturb it little. Means are over
all images of the embedded clip, or all windows. In every fifth image, the detector searches for
people in a parallel thread. The means of the following steps contain a part of that; the medians do
not.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from diffhpe_ros.demo import embedded_clip
from diffhpe_ros.detection import create_detector
from diffhpe_ros.lifting import DEFAULT_MODEL
from diffhpe_ros.nodes.messages.images import ImagePacker, image_to_bgr
from diffhpe_ros.nodes.messages.joints import pack_joints
from diffhpe_ros.nodes.messages.markers import pack_skeletons
from diffhpe_ros.nodes.messages.windows import pack_windows, unpack_windows
from diffhpe_ros.nodes.model_loading import load
from diffhpe_ros.nodes.parameters.tables import DetectorParameters, LifterParameters
from diffhpe_ros.pipeline.detection_stage import DetectionStage
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.tracking import PeopleTracker
from diffhpe_ros.video import VideoReader


class Clock:
    """CPU seconds of this process by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Count the CPU time inside the context for a step."""
        begin = time.process_time()
        yield
        self.seconds[step].append(time.process_time() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--preset", default="")
    arguments = parser.parse_args()
    seeing = DetectorParameters()
    detector = create_detector(seeing.detector, max_people=seeing.max_people)
    detection = DetectionStage(detector, PeopleTracker(seeing.max_people, seeing.forget_s))
    lifts = LifterParameters(model=arguments.model, preset=arguments.preset, device="cpu")
    lifting = LiftingStage(load(lifts).lifter)
    clip, packer, clock = embedded_clip(), ImagePacker(), Clock()
    assert clip.path is not None and clip.camera is not None
    with VideoReader(clip.path) as video:
        for _, time_s, pixels in video:
            stamp_ns = 10**9 + round(time_s * 1e9)
            with clock("image to message and back"):
                sent = serialize_message(packer.pack(pixels, "camera", stamp_ns))
                image = image_to_bgr(deserialize_message(sent, Image))
            with clock("detection, windows"):
                found = detection.process(image, clip.camera, "camera", stamp_ns).windows
            if found is None or not len(found):
                continue
            with clock("windows to message and back"):
                windows = unpack_windows(pack_windows(found))
            with clock("lifting, placement"):
                (people,) = lifting.process([windows])
            with clock("joints and markers to messages"):
                serialize_message(pack_joints(people))
                doubts = [""] * len(people)
                serialize_message(pack_skeletons(people, doubts, [], lifts.marker_lifetime_s, True))
    for step, seconds in clock.seconds.items():
        low, middle, mean = 1000 * np.array(
            [np.percentile(seconds, 10), np.median(seconds), np.mean(seconds)]
        )
        print(f"{step:32} p10 {low:5.1f} ms, p50 {middle:5.1f} ms, mean {mean:5.1f} ms")


if __name__ == "__main__":
    main()
