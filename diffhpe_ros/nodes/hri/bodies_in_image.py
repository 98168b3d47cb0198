"""The detector's topics of bodies: where they are in the image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.hri import hri_messages
from diffhpe_ros.nodes.hri.body_publishers import BodyPublishers
from diffhpe_ros.nodes.messages.bodies_2d import pack_region, pack_skeleton_2d, region
from diffhpe_ros.nodes.messages.images import ImagePacker
from diffhpe_ros.nodes.parameters.tables import DetectorParameters
from diffhpe_ros.pipeline.detection_stage import ImageResult
from diffhpe_ros.tracking import NOT_FOLLOWED


class BodiesInImage:
    """Publishes `roi`, `skeleton2d` and, if there is a subscriber, `cropped` of each track.

    Raises:
        DiffhpeError: hri_msgs is not installed.
    """

    def __init__(self, node: StageNode[DetectorParameters]) -> None:
        """Prepare the topics of a node that is being configured."""
        self._node = node
        self._messages: Any = hri_messages()
        quality = qos.result(node.parameters.replay)
        self._bodies = BodyPublishers(
            node,
            {
                "roi": (self._messages.NormalizedRegionOfInterest2D, quality),
                "skeleton2d": (self._messages.Skeleton2D, quality),
                "cropped": (Image, qos.result(False)),
            },
        )

    def publish(
        self,
        image: NDArray[np.uint8],
        frame_id: str,
        stamp_ns: int,
        result: ImageResult,
        active: set[int],
    ) -> None:
        """Publish the bodies in an image (H, W, 3); active: ids of the tracks, seen or not."""
        self.keep(active)
        for row, track_id in enumerate(result.track_ids.tolist()):
            if track_id != NOT_FOLLOWED:
                self._publish_body(image, frame_id, stamp_ns, result, row)

    def keep(self, active: set[int]) -> None:
        """Remove the topics of all other bodies."""
        self._bodies.keep(active)

    def _publish_body(
        self, image: NDArray[np.uint8], frame_id: str, stamp_ns: int, result: ImageResult, row: int
    ) -> None:
        height, width = image.shape[:2]
        size = width, height
        keypoints, confidence = result.people.keypoints[row], result.people.confidence[row]
        box = region(keypoints, width, height)
        if box is None:
            return
        topics, send = self._bodies.of(int(result.track_ids[row])), self._node.send
        found = self._messages, frame_id, stamp_ns
        seen = confidence[confidence > 0]
        send(topics["roi"], pack_region(*found, box, size, float(seen.mean())))
        send(topics["skeleton2d"], pack_skeleton_2d(*found, keypoints, confidence, size))
        if topics["cropped"].get_subscription_count():
            x0, y0, x1, y1 = box
            cropped = ImagePacker().pack(image[y0:y1, x0:x1], frame_id, stamp_ns)
            send(topics["cropped"], cropped)
