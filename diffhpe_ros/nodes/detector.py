"""Node `detector`: images → windows of people's 2D joints."""

import time
from typing import Any, NoReturn

from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from diffhpe_ros.detection import AdaptiveDetector, Detector, People, detector_from_settings
from diffhpe_ros.detection.types import Load
from diffhpe_ros.drawing import draw_keypoints, overlay_background
from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.camera_source import CameraSource
from diffhpe_ros.nodes.depth_source import DepthSource
from diffhpe_ros.nodes.diagnostics.thresholds import check_input, check_latency
from diffhpe_ros.nodes.hri.bodies_in_image import BodiesInImage
from diffhpe_ros.nodes.messages.header import stamp_to_ns
from diffhpe_ros.nodes.messages.images import ImagePacker, compressed_to_bgr, image_to_bgr
from diffhpe_ros.nodes.messages.windows import pack_progress
from diffhpe_ros.nodes.parameters.tables import DetectorParameters
from diffhpe_ros.nodes.run import run
from diffhpe_ros.nodes.topics import Expect
from diffhpe_ros.nodes.window_sink import TopicSink, WindowSink
from diffhpe_ros.pipeline.background_motion import BackgroundMotion
from diffhpe_ros.pipeline.detection_stage import DetectionStage, ImageResult
from diffhpe_ros.track_registry import SILENT_S
from diffhpe_ros.tracking import PeopleTracker
from diffhpe_ros.video.jpeg import DamagedImageError

LOAD_S = 3.0
"""An image's processing time is the median over this many seconds."""
EXPECTED_RATE = 30.0
"""Images per second that an adaptive detector is prepared for, until images arrive."""


class DetectorNode(StageNode[DetectorParameters]):
    """Subscribes `image` and `camera_info`; publishes `windows` and, if wanted, `~/overlay`."""

    def __init__(self, sink: WindowSink | None = None, **options: Any) -> None:
        """Make the node, unconfigured.

        Args:
            sink: takes the windows in addition to the topic.
            options: arguments of `rclpy.node.Node`.
        """
        super().__init__("detector", DetectorParameters, **options)
        self._sink = sink
        self._camera: CameraSource | None = None
        self._depth: DepthSource | None = None
        self._detector: Detector | None = None
        self._tracker: PeopleTracker | None = None
        self._stage: DetectionStage | None = None
        self._packer = ImagePacker()
        self._damage, self._imaged_at = "", 0.0

    def setup(self) -> None:
        """Load the detector."""
        parameters, replay = self.parameters, self.parameters.replay
        detector = detector_from_settings(parameters.detector, parameters.detector_settings)
        self._detector, self._default_confidence = detector, detector.min_confidence
        self._tune(parameters)
        if isinstance(detector, AdaptiveDetector):
            if not replay:
                detector.adapt_to(EXPECTED_RATE)
            self.get_logger().info(f"{detector.name} model: {detector.model_status}")
        self.diagnostics.set_value("detector", f"{detector.name} on {detector.device}")
        self._windows = self.topics.advertise(PointCloud2, "windows", qos.result(replay))
        topic = TopicSink(self, self._windows)
        self._sinks: list[WindowSink] = [topic] if self._sink is None else [self._sink, topic]
        self._overlay = self.topics.advertise(Image, "~/overlay", qos.result(False))
        self._bodies = BodiesInImage(self) if parameters.hri else None

    def start(self) -> None:
        """Subscribe, without tracks and without a known camera."""
        parameters = self.parameters
        assert self._detector is not None
        self._detector.reset()
        self._tracker = PeopleTracker(
            parameters.max_people,
            parameters.forget_s,
            parameters.first_track_id,
            parameters.return_s,
        )
        self._depth = DepthSource(parameters.depth_tolerance_s, parameters.replay, self.diagnostics)
        self._stage = DetectionStage(
            self._detector,
            self._tracker,
            parameters.window_options,
            self._depth.at if parameters.depth else None,
            parameters.camera_name,
        )
        self._camera = CameraSource(
            parameters.field_of_view,
            parameters.rectified,
            parameters.camera_info_timeout_s,
            parameters.replay,
            self.diagnostics,
        )
        self._background = BackgroundMotion()
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
        """Stop waiting for camera_info and depth."""
        if self._depth is not None:
            self._depth.close()
        if self._camera is not None:
            self._camera.close()

    def on_stopped(self) -> None:
        """Remove the topics of all bodies."""
        if self._bodies is not None:
            self._bodies.keep(set())

    def teardown(self) -> None:
        """Release the networks."""
        self._detector = self._tracker = self._stage = None

    def change(self, new: DetectorParameters) -> None:
        """Change the number of tracks or the least confidence; the windows are kept."""
        self._tune(new)
        if self._tracker is not None:
            self._tracker.max_people = new.max_people

    def inspect(self) -> None:
        """Check input, detection and latency against their limits."""
        diagnostics = self.diagnostics
        check_input(diagnostics)
        for name, found in (
            ("processed_per_s", diagnostics.per_second("processed")),
            ("detection_rate", diagnostics.share("with_people", "processed")),
        ):
            if found is not None:
                diagnostics.set_value(name, found)
        check_latency(diagnostics, self.parameters)
        self._warn_of_stamps()
        self._warn_of_motion()
        self._warn_of_damage()
        if self._bodies is not None and not self.parameters.replay:
            self.call_between_messages(self._remove_silent)
        if isinstance(self._detector, AdaptiveDetector):
            diagnostics.set_value("detector_model", self._detector.model_status)
            self._keep_up(self._detector)

    def process(self, messages: list[Any]) -> None:
        """Process one image."""
        if self._first and self._sink is None:  # in replay the first windows must not be lost
            self.wait_for_subscriber(self._windows, seconds=0.0)
        self._first = False
        for message in messages:
            self._process_image(message)

    def _process_image(self, message: Image | CompressedImage) -> None:
        begin, self._imaged_at = time.perf_counter(), time.monotonic()
        try:
            image = _pixels(message)
        except DamagedImageError as error:
            self.diagnostics.count("damaged_images")
            self._damage = str(error)
            return
        assert self._camera is not None and self._stage is not None
        camera = self._camera.camera(image.shape[1], image.shape[0])
        if camera is None:
            return
        frame_id, stamp_ns = message.header.frame_id, stamp_to_ns(message.header.stamp)
        self._check_frame_id(frame_id)
        sinks = [sink for sink in self._sinks if sink.is_wanted()]
        result = self._stage.process(image, camera, frame_id, stamp_ns, wanted=bool(sinks))
        if result.windows is not None:
            for sink in sinks:
                sink.put(result.windows)
            self.diagnostics.count("windows", len(result.windows))
        elif self.parameters.replay and self.parameters.announce_images:
            name = self.parameters.camera_name
            self.send(self._windows, pack_progress(frame_id, stamp_ns, name))
        if self._bodies is not None and self._tracker is not None:
            active = self._tracker.track_ids
            self._bodies.publish(image, frame_id, stamp_ns, result, active)
        if self._overlay.get_subscription_count():
            background = overlay_background(image, self.parameters.overlay_background)
            drawn = draw_people(background, result.people)
            self.send(self._overlay, self._packer.pack(drawn, frame_id, stamp_ns))
        self._background.update(image, camera, result.people.keypoints, stamp_ns)
        self._count(result, self._stage)
        self.diagnostics.time("detect", time.perf_counter() - begin)
        if not self.parameters.replay:
            self.diagnostics.time("latency", self.age_s(stamp_ns))

    def _remove_silent(self) -> None:
        """Remove the topics of all bodies if there was no image in the last seconds."""
        if self._bodies is not None and time.monotonic() - self._imaged_at > SILENT_S:
            self._bodies.keep(set())

    def _tune(self, parameters: DetectorParameters) -> None:
        """Apply the settings that may change between two images."""
        if self._detector is None:
            return
        chosen = parameters.min_confidence
        self._detector.min_confidence = self._default_confidence if chosen < 0 else chosen
        self._detector.max_people = parameters.max_people

    def _count(self, result: ImageResult, stage: DetectionStage) -> None:
        diagnostics = self.diagnostics
        diagnostics.count("processed")
        diagnostics.count("with_people", bool(len(result.people)))
        diagnostics.set_value("people", len(result.people))
        diagnostics.set_value("followed", stage.followed)
        if result.windows is not None:
            diagnostics.set_value("whole_windows", len(result.windows))
        diagnostics.set_value("resets", stage.resets)
        diagnostics.set_value("repeated_stamps", stage.repeated)
        diagnostics.set_value("late_images", stage.late)
        diagnostics.set_value("left_right_exchanged", stage.exchanged)
        diagnostics.set_value("left_right_checked", stage.checked)
        diagnostics.set_value("ids_exchanged", stage.tracks_exchanged)
        diagnostics.set_value("returned", stage.returned)
        if stage.last_return is not None:
            diagnostics.set_value("last_return", str(stage.last_return))
        self._warn_of_rate(stage)

    def _keep_up(self, detector: AdaptiveDetector) -> None:
        """Let the detector switch to a faster or a better model; never in replay."""
        diagnostics = self.diagnostics
        images_per_s = diagnostics.per_second("received")
        image_s = diagnostics.recent_s("detect", LOAD_S)
        if self.parameters.replay or not images_per_s or image_s is None or self._stage is None:
            return
        dropped = diagnostics.share("dropped", "received") or 0.0
        load = Load(images_per_s, dropped, image_s, self._stage.followed)
        self.call_between_messages(lambda: detector.keep_up(load))

    def _warn_of_stamps(self) -> None:
        """Warn while images are ignored because of their stamps."""
        texts = [
            f"{count} images in the last seconds had {what}"
            for name, what in (
                ("repeated_stamps", "the same stamp as the previous image"),
                ("late_images", "an earlier stamp than the previous image, and were skipped"),
            )
            if (count := self.diagnostics.growth(name))
        ]
        if texts:
            self.diagnostics.warn("stamps", "; ".join(texts))
        else:
            self.diagnostics.clear("stamps")

    def _warn_of_motion(self) -> None:
        """Warn while the background moves, unless the lifter knows the camera's motion."""
        if self._stage is None:
            return
        speed = self._background.deg_s if self.diagnostics.growth("processed") else None
        if speed is None:
            self.diagnostics.remove_value("background_deg_s")
        else:
            self.diagnostics.set_value("background_deg_s", speed)
        if speed is None or not self._background.is_moving or self.parameters.camera_moves:
            self.diagnostics.clear("motion")
            return
        self.diagnostics.warn(
            "motion",
            f"the camera moves by {speed:.0f} degrees per second, which makes poses worse: set"
            " the lifter's motion_frame or imu, and camera_moves",
        )

    def _warn_of_damage(self) -> None:
        """Warn while images arrive damaged."""
        count = self.diagnostics.growth("damaged_images")
        if count:
            text = f"{count} images in the last seconds were damaged and skipped: {self._damage}"
            self.diagnostics.warn("damaged", text)
        else:
            self.diagnostics.clear("damaged")

    def _check_frame_id(self, frame_id: str) -> None:
        if frame_id:
            self.diagnostics.clear("frame_id")
        else:
            self.diagnostics.warn_of_message(
                "frame_id",
                "the images have no frame_id, so RViz and TF cannot place the people: set it in"
                " the camera's driver",
            )

    def _warn_of_rate(self, stage: DetectionStage) -> None:
        found, least = stage.images_per_s, stage.least_images_per_s
        if found is not None:
            self.diagnostics.set_value("images_per_s", found)
        if found is None or found >= least:
            self.diagnostics.clear("rate")
            return
        self.diagnostics.warn_of_message(
            "rate",
            f"{found:.1f} images/s are processed, at least {least:.1f} are expected: windows may"
            " have gaps or be missing",
        )


def _pixels(message: Image | CompressedImage) -> Any:
    return image_to_bgr(message) if isinstance(message, Image) else compressed_to_bgr(message)


def draw_people(image: Any, people: People) -> Any:
    """The image (H, W, 3) with the 2D joints of all people drawn into it."""
    for keypoints, confidence in zip(people.keypoints, people.confidence, strict=True):
        image = draw_keypoints(image, keypoints, confidence)
    return image


def main() -> NoReturn:
    """Run the node."""
    run(lambda: [DetectorNode()])


if __name__ == "__main__":
    main()
