"""Node `detector`: images → windows of 2D joints of the people in them."""

import sys
import time
from typing import Any

from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from diffhpe_ros.detection import Detector, People, create_detector
from diffhpe_ros.drawing import draw_keypoints
from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.camera_source import CameraSource
from diffhpe_ros.nodes.detection_stage import DetectionStage
from diffhpe_ros.nodes.messages.header import stamp_to_ns
from diffhpe_ros.nodes.messages.images import ImagePacker, compressed_to_bgr, image_to_bgr
from diffhpe_ros.nodes.messages.windows import pack_windows
from diffhpe_ros.nodes.parameters import DetectorParameters
from diffhpe_ros.nodes.run import run
from diffhpe_ros.tracking import PeopleTracker


class DetectorNode(StageNode[DetectorParameters]):
    """Subscribes `image` and `camera_info`; publishes `windows` and, if wanted, `~/overlay`."""

    input_topic = "image"

    def __init__(self, **options: Any) -> None:
        """Make the node, unconfigured; options as for `rclpy.node.Node`."""
        super().__init__("detector", DetectorParameters, **options)
        self._camera: CameraSource | None = None
        self._subscriptions_in: list[Subscription[Any]] = []
        self._packer = ImagePacker()

    def setup(self) -> None:
        """Load the detector."""
        replay = self.parameters.replay
        self._detector = make_detector(self.parameters)
        self.health.show("detector", f"{self._detector.name} on {self._detector.device}")
        self._windows = self.advertise(PointCloud2, "windows", qos.result(replay))
        self._overlay = self.advertise(Image, "~/overlay", qos.result(False))

    def start(self) -> None:
        """Begin a new history."""
        parameters = self.parameters
        self._detector.reset()
        tracker = PeopleTracker(parameters.max_people, parameters.forget_s)
        self._stage = DetectionStage(self._detector, tracker, parameters)
        self._camera = CameraSource(
            parameters.field_of_view,
            parameters.rectified,
            parameters.camera_info_timeout_s,
            parameters.replay,
            self.health,
        )
        image_type = Image if parameters.image_transport == "raw" else CompressedImage
        self._subscriptions_in = [
            self.create_subscription(
                CameraInfo, "camera_info", self._camera.put, qos.CAMERA_INFO_IN
            ),
            self.create_subscription(image_type, "image", self.heard, qos.image(parameters.replay)),
        ]
        self._first = True

    def stop(self) -> None:
        """Listen no more."""
        for subscription in self._subscriptions_in:
            self.destroy_subscription(subscription)
        self._subscriptions_in = []
        if self._camera is not None:
            self._camera.close()

    def process(self, messages: list[Any]) -> None:
        """Look at one image."""
        if self._first:
            self.wait_for_listener(self._windows, seconds=0.0)
            self._first = False
        for message in messages:
            self._look(message)

    def _look(self, message: Image | CompressedImage) -> None:
        begin = time.perf_counter()
        image = image_to_bgr(message) if isinstance(message, Image) else compressed_to_bgr(message)
        assert self._camera is not None
        camera = self._camera.camera(image.shape[1], image.shape[0])
        if camera is None:
            return
        frame_id, stamp_ns = message.header.frame_id, stamp_to_ns(message.header.stamp)
        sighting = self._stage.process(image, camera, frame_id, stamp_ns)
        if sighting.windows is not None:
            self.send(self._windows, pack_windows(sighting.windows))
            self.health.count("windows", len(sighting.windows))
        if self._overlay.get_subscription_count():
            drawn = draw_people(image, sighting.people)
            self.send(self._overlay, self._packer.pack(drawn, frame_id, stamp_ns))
        self.health.count("processed")
        self.health.count("with_people", bool(len(sighting.people)))
        self.health.show("resets", self._stage.resets)
        self.health.time("detect", time.perf_counter() - begin)
        self._warn_of_repeats()
        self._warn_of_rate()

    def _warn_of_repeats(self) -> None:
        self.health.show("repeated_stamps", self._stage.repeated)
        if self._stage.repeated:
            self.health.warn(
                "stamps", f"{self._stage.repeated} images had the stamp of the one before"
            )

    def _warn_of_rate(self) -> None:
        found, least = self._stage.images_per_s, self._stage.least_images_per_s
        if found is not None:
            self.health.show("images_per_s", found)
        if found is None or found >= least:
            self.health.clear("rate")
            return
        self.health.warn(
            "rate",
            f"{found:.1f} images/s are looked at, at least {least:.1f} are expected: windows may"
            " have holes or be missing",
        )


def make_detector(parameters: DetectorParameters) -> Detector:
    """The detector that the parameters ask for.

    Raises:
        DiffhpeError: it cannot be had.
    """
    options: dict[str, Any] = {}
    if parameters.min_confidence >= 0:
        options["min_confidence"] = parameters.min_confidence
    if parameters.threads:
        options["threads"] = parameters.threads
    if parameters.detector == "blazepose":
        options["max_people"] = parameters.max_people
        options["search_every"] = parameters.search_every
    if parameters.detector == "onnx":
        # It knows nobody: bystanders may be surer than those whom the tracker follows.
        options["max_people"] = 2 * parameters.max_people
        options["person_model"] = parameters.person_model
        options["pose_model"] = parameters.pose_model
    return create_detector(parameters.detector, **options)


def draw_people(image: Any, people: People) -> Any:
    """The image (H, W, 3) with everybody's 2D joints."""
    for keypoints, confidence in zip(people.keypoints, people.confidence, strict=True):
        image = draw_keypoints(image, keypoints, confidence)
    return image


def main() -> int:
    """Run the node."""
    return run(DetectorNode)


if __name__ == "__main__":
    sys.exit(main())
