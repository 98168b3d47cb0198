"""Node `detector`: images → windows of 2D joints of the people in them."""

import sys
import time
from typing import Any

from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from diffhpe_ros.detection import Detector, People
from diffhpe_ros.drawing import draw_keypoints
from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.camera_source import CameraSource
from diffhpe_ros.nodes.depth_source import DepthSource
from diffhpe_ros.nodes.detectors import make_detector, tune
from diffhpe_ros.nodes.diagnostics.thresholds import check_input, check_latency
from diffhpe_ros.nodes.messages.header import stamp_to_ns
from diffhpe_ros.nodes.messages.images import ImagePacker, compressed_to_bgr, image_to_bgr
from diffhpe_ros.nodes.messages.windows import pack_windows
from diffhpe_ros.nodes.parameters.tables import DetectorParameters
from diffhpe_ros.nodes.run import run
from diffhpe_ros.nodes.topics import Expect
from diffhpe_ros.pipeline.detection_stage import DetectionStage, ImageResult
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.tracking import PeopleTracker


class DetectorNode(StageNode[DetectorParameters]):
    """Subscribes `image` and `camera_info`; publishes `windows` and, if wanted, `~/overlay`."""

    def __init__(self, **options: Any) -> None:
        """Make the node, unconfigured; options as for `rclpy.node.Node`."""
        super().__init__("detector", DetectorParameters, **options)
        self._camera: CameraSource | None = None
        self._depth: DepthSource | None = None
        self._detector: Detector | None = None
        self._tracker: PeopleTracker | None = None
        self._stage: DetectionStage | None = None
        self._packer = ImagePacker()

    def setup(self) -> None:
        """Load the detector."""
        replay = self.parameters.replay
        self._detector = detector = make_detector(self.parameters)
        self._own_confidence = detector.min_confidence
        tune(detector, self.parameters, self._own_confidence)
        self.diagnostics.set_value("detector", f"{detector.name} on {detector.device}")
        self._windows = self.topics.advertise(PointCloud2, "windows", qos.result(replay))
        self._overlay = self.topics.advertise(Image, "~/overlay", qos.result(False))

    def start(self) -> None:
        """Begin a new history."""
        parameters = self.parameters
        assert self._detector is not None
        self._detector.reset()
        self._tracker = PeopleTracker(parameters.max_people, parameters.forget_s)
        self._depth = DepthSource(parameters.depth_tolerance_s, parameters.replay, self.diagnostics)
        self._stage = DetectionStage(
            self._detector,
            self._tracker,
            parameters.window_options,
            self._depth.at if parameters.depth else None,
        )
        self._camera = CameraSource(
            parameters.field_of_view,
            parameters.rectified,
            parameters.camera_info_timeout_s,
            parameters.replay,
            self.diagnostics,
        )
        self._first = True
        image_type = Image if parameters.image_transport == "raw" else CompressedImage
        subscribe = self.topics.subscribe
        subscribe(CameraInfo, "camera_info", self._camera.put, qos.CAMERA_INFO_IN, Expect.PERHAPS)
        if parameters.depth:
            subscribe(Image, "depth", self._depth.put, qos.image(parameters.replay))
        subscribe(image_type, "image", self.enqueue, qos.image(parameters.replay))
        topic = self.resolve_topic_name("image")
        self.get_logger().info(f"ready, waiting for images on {topic}")

    def stop(self) -> None:
        """Wait for camera_info and depth no more."""
        if self._depth is not None:
            self._depth.close()
        if self._camera is not None:
            self._camera.close()

    def teardown(self) -> None:
        """Give back the memory of the networks."""
        self._detector = self._tracker = self._stage = None

    def change(self, new: DetectorParameters) -> None:
        """Follow fewer or more people, or be stricter; the windows go on."""
        if self._detector is not None:
            tune(self._detector, new, self._own_confidence)
        if self._tracker is not None:
            self._tracker.max_people = new.max_people

    def inspect(self) -> None:
        """Judge input, detection and latency."""
        diagnostics = self.diagnostics
        check_input(diagnostics)
        for name, found in (
            ("processed_per_s", diagnostics.per_second("processed")),
            ("detection_rate", diagnostics.share("with_people", "processed")),
        ):
            if found is not None:
                diagnostics.set_value(name, found)
        check_latency(diagnostics, self.parameters)

    def process(self, messages: list[Any]) -> None:
        """Look at one image."""
        if self._first:
            self.wait_for_subscribers()
            self._first = False
        for message in messages:
            self._look(message)

    def _look(self, message: Image | CompressedImage) -> None:
        begin = time.perf_counter()
        image = image_to_bgr(message) if isinstance(message, Image) else compressed_to_bgr(message)
        assert self._camera is not None and self._stage is not None
        camera = self._camera.camera(image.shape[1], image.shape[0])
        if camera is None:
            return
        frame_id, stamp_ns = message.header.frame_id, stamp_to_ns(message.header.stamp)
        sighting = self._stage.process(image, camera, frame_id, stamp_ns, self.windows_wanted())
        if sighting.windows is not None:
            self.deliver(sighting.windows)
            self.diagnostics.count("windows", len(sighting.windows))
        if self._overlay.get_subscription_count():
            drawn = draw_people(image, sighting.people)
            self.send(self._overlay, self._packer.pack(drawn, frame_id, stamp_ns))
        self._tell(sighting, self._stage)
        self.diagnostics.time("detect", time.perf_counter() - begin)
        if not self.parameters.replay:
            self.diagnostics.time("latency", self.age_s(stamp_ns))

    def wait_for_subscribers(self) -> None:
        """Before the first image, in replay: nobody is to miss the first windows."""
        self.wait_for_subscriber(self._windows, seconds=0.0)

    def windows_wanted(self) -> bool:
        """Whether anybody listens to windows; in replay all are made."""
        return self.wanted(self._windows)

    def deliver(self, windows: PeopleWindows) -> None:
        """Send windows to the lifter."""
        self.send(self._windows, pack_windows(windows))

    def _tell(self, sighting: ImageResult, stage: DetectionStage) -> None:
        diagnostics = self.diagnostics
        diagnostics.count("processed")
        diagnostics.count("with_people", bool(len(sighting.people)))
        diagnostics.set_value("people", len(sighting.people))
        diagnostics.set_value("followed", stage.followed)
        if sighting.windows is not None:
            diagnostics.set_value("whole_windows", len(sighting.windows))
        diagnostics.set_value("resets", stage.resets)
        diagnostics.set_value("repeated_stamps", stage.repeated)
        if stage.repeated:
            diagnostics.warn("stamps", f"{stage.repeated} images had the stamp of the one before")
        self._warn_of_rate(stage)

    def _warn_of_rate(self, stage: DetectionStage) -> None:
        found, least = stage.images_per_s, stage.least_images_per_s
        if found is not None:
            self.diagnostics.set_value("images_per_s", found)
        if found is None or found >= least:
            self.diagnostics.clear("rate")
            return
        self.diagnostics.warn(
            "rate",
            f"{found:.1f} images/s are looked at, at least {least:.1f} are expected: windows may"
            " have holes or be missing",
        )


def draw_people(image: Any, people: People) -> Any:
    """The image (H, W, 3) with everybody's 2D joints."""
    for keypoints, confidence in zip(people.keypoints, people.confidence, strict=True):
        image = draw_keypoints(image, keypoints, confidence)
    return image


def main() -> int:
    """Run the node."""
    return run(lambda: [DetectorNode()])


if __name__ == "__main__":
    sys.exit(main())
