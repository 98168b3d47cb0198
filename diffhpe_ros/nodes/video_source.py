"""Node `video_source`: a video file, stream or webcam as a ROS camera."""

import threading
from functools import partial
from typing import Any, NoReturn

from sensor_msgs.msg import CameraInfo, Image

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.base import StageNode, describe
from diffhpe_ros.nodes.live_frames import LiveFrames, stream_images, webcam_images
from diffhpe_ros.nodes.messages.camera_info import info_of_video, read_calibration
from diffhpe_ros.nodes.messages.images import ImagePacker
from diffhpe_ros.nodes.parameters.tables import VideoSourceParameters
from diffhpe_ros.nodes.run import run
from diffhpe_ros.nodes.video_frames import FileFrames, Frames
from diffhpe_ros.paths import expand, is_live

_STOP_S = 5.0


class VideoSourceNode(StageNode[VideoSourceParameters]):
    """Publishes `image` and, before each with the same stamp, `camera_info`."""

    def __init__(self, **options: Any) -> None:
        """Make the node, unconfigured; options as for `rclpy.node.Node`."""
        super().__init__("video_source", VideoSourceParameters, **options)
        self._frames: Frames | None = None
        self._player: threading.Thread | None = None
        self._stopped = threading.Event()
        self._packer = ImagePacker()

    def setup(self) -> None:
        """Open the file or the webcam."""
        parameters = self.parameters
        self._info = read_calibration(parameters.calibration) if parameters.calibration else None
        self._frames = self._open()
        self._image = self.topics.advertise(Image, "image", qos.image(parameters.replay))
        self._camera_info = self.topics.advertise(CameraInfo, "camera_info", qos.CAMERA_INFO_OUT)

    def start(self) -> None:
        """Start playing; a file starts at its first frame."""
        self.diagnostics.clear("file")
        self._stopped = threading.Event()
        self._player = threading.Thread(
            target=self._play, args=(self._stopped,), name="video_source player", daemon=True
        )
        self._player.start()

    def inspect(self) -> None:
        """Show why no images come from a device."""
        if self._frames is not None and self._frames.problem:
            self.diagnostics.raise_error("device", self._frames.problem)
        else:
            self.diagnostics.clear("device")

    def stop(self) -> None:
        """Stop playing."""
        self._stopped.set()
        if self._player is not None:
            self._player.join(_STOP_S)  # a file on a network may block
            self._player = None

    def teardown(self) -> None:
        """Close the webcam."""
        if self._frames is not None:
            self._frames.close()
            self._frames = None

    def _open(self) -> Frames:
        parameters = self.parameters
        if bool(parameters.path) == (parameters.camera >= 0):
            found = "both are set" if parameters.path else "neither is"
            raise DiffhpeError(
                f"one of the parameters path (a file) and camera (a number) is needed; {found}"
            )
        if not parameters.path:
            open_device = partial(webcam_images, parameters.camera, self._now_ns)
            return LiveFrames(f"camera {parameters.camera}", open_device, self._is_ending)
        path = expand(parameters.path)
        if is_live(path):
            open_stream = partial(stream_images, path, self._now_ns)
            return LiveFrames(path, open_stream, self._is_ending)
        start_ns = round(parameters.start_time_s * 1e9) or None
        file = FileFrames(
            path,
            self._now_ns,
            start_ns=start_ns,
            loop=parameters.loop,
            every=parameters.replay,
        )
        if file.frame_count == 1 and not parameters.loop:
            self.diagnostics.warn(
                "still", f"{path} has one image, too few to lift: set loop to repeat it"
            )
        if self._info is not None:
            self._info = info_of_video(self._info, file.size, file.stored_size)
        return file

    def _play(self, stopped: threading.Event) -> None:
        """Play until this event; a thread that blocks may still be there in the next activation."""
        try:
            self.wait_for_subscriber(self._image, self.parameters.wait_s)
            assert self._frames is not None
            for stamp_ns, image in self._frames.play(stopped.wait):
                if stopped.is_set():
                    return
                self._publish(image, stamp_ns)
                self.diagnostics.set_value("skipped", self._frames.skipped)
            self.diagnostics.set_value("skipped", self._frames.skipped)
            if not stopped.is_set():
                self.diagnostics.set_value("ended", "the video ended")
                self.get_logger().info(f"{self.parameters.path} ended")
        except Exception as error:
            if self.context.ok():
                self.report_error(error)
                self.diagnostics.raise_error("file", describe(error))

    def _publish(self, image: Any, stamp_ns: int) -> None:
        message = self._packer.pack(image, self.parameters.frame_id, stamp_ns)
        # Without a calibration K stays 0, which means uncalibrated.
        info = self._info or CameraInfo(width=message.width, height=message.height)
        info.header = message.header
        self.send(self._camera_info, info)
        self.send(self._image, message)
        self.diagnostics.count("published")

    def _is_ending(self) -> bool:
        return not self.context.ok()

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)


def main() -> NoReturn:
    """Run the node."""
    run(lambda: [VideoSourceNode()])


if __name__ == "__main__":
    main()
