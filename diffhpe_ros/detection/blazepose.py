"""BlazePose on ai-edge-litert: the detector that runs anywhere, for one person."""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.assemble import Joints, to_people
from diffhpe_ros.detection.blazepose_landmarks import NUM_BODY, LandmarkNetwork, Landmarks
from diffhpe_ros.detection.blazepose_regions import Region, RegionFinder
from diffhpe_ros.detection.types import People, check_image, check_options
from diffhpe_ros.detection.weights import blazepose_weights


class BlazePose:
    """Follows one person through a video.

    The region that the person fills is carried from frame to frame, and looked for in the whole
    image only when there is none or the person is gone from it. Whom it then finds may be another
    person; where several are in view it stays with the one it has. People should fill about 30 %
    of the longer side of the image or more.

    A joint's confidence is the product of the network's visibility and presence. On real clips
    98 % of a whole person's joints have 0.5 or more, and the joints from 0.5 on err by a median of
    2.5 % of the person's height (90th percentile 6 %); on cut-off people the joints below 0.5 err
    by 5 to 27 % (31 % and more). The network is often sure of what a thing in front of the person
    hides: of joints behind a patch half are above 0.5, with errors of about 14 %.

    A joint's covariance is the spread of its heat map; compared with the errors on calibrated
    views it is right to a factor of 1.3 in standard deviation, on the large side, except for
    outliers such as a swapped left and right.

    On single frames the joints are mediapipe's own (0.10.21, full model) within a pixel or so. Its
    smoothing over time is left out: the lifter sees whole windows, with their noise as it is.

    Args:
        threads: of each network.
        detection_threshold: score from which a person found in the whole image is one.
        tracking_threshold: score from which the person is still in the region.
        min_confidence: joints below it are unseen.

    Raises:
        DiffhpeError: an option is out of range, ai-edge-litert is not installed, or the networks
            are neither cached nor to be fetched.
    """

    name = "blazepose"
    device = "cpu"

    def __init__(
        self,
        threads: int = 1,
        detection_threshold: float = 0.5,
        tracking_threshold: float = 0.5,
        min_confidence: float = 0.5,
    ) -> None:
        check_options(
            threads,
            detection_threshold=detection_threshold,
            tracking_threshold=tracking_threshold,
            min_confidence=min_confidence,
        )
        detection, landmarks = blazepose_weights()
        self._finder = RegionFinder(detection, threads, detection_threshold)
        self._network = LandmarkNetwork(landmarks, threads)
        self._tracking_threshold = tracking_threshold
        self._min_confidence = min_confidence
        self.reset()

    def reset(self) -> None:
        """Look in the whole of the next image."""
        self._region: Region | None = None
        self._shape: tuple[int, ...] = ()

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        """Find the person in the next image (H, W, 3) of the video.

        Raises:
            DiffhpeError: the image is not (H, W, 3) uint8 or has no pixels.
        """
        check_image(image_bgr)
        if image_bgr.shape != self._shape:  # another video: pixels have another meaning
            self.reset()
            self._shape = image_bgr.shape
        person = self._follow(image_bgr) or self._find(image_bgr)
        if person is None:
            self._region = None
            return People.empty()
        self._region = person.next_region()
        joints = Joints(
            person.points[:NUM_BODY],
            (person.visibility * person.presence)[:NUM_BODY],
            person.covariance[:NUM_BODY],
        )
        height, width = image_bgr.shape[:2]
        return to_people([joints], "blazepose33", width, height, self._min_confidence)

    def _follow(self, image_bgr: NDArray[np.uint8]) -> Landmarks | None:
        """The person of the frame before."""
        return None if self._region is None else self._look(image_bgr, self._region)

    def _find(self, image_bgr: NDArray[np.uint8]) -> Landmarks | None:
        """The surest person of the whole image."""
        regions = self._finder.find(image_bgr)
        return self._look(image_bgr, regions[0]) if regions else None

    def _look(self, image_bgr: NDArray[np.uint8], region: Region) -> Landmarks | None:
        person = self._network.run(image_bgr, region)
        return person if person.score >= self._tracking_threshold else None
