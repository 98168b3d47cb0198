"""BlazePose: the detector that runs anywhere."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection.assemble import to_people
from diffhpe_ros.detection.blazepose.checks import DELAY, Checks, body
from diffhpe_ros.detection.blazepose.landmark_models import LandmarkModels, open_models
from diffhpe_ros.detection.blazepose.landmarks import LandmarkNetwork
from diffhpe_ros.detection.blazepose.people import PeopleFollower
from diffhpe_ros.detection.blazepose.regions import RegionFinder
from diffhpe_ros.detection.blazepose.wide_lens import WideLens
from diffhpe_ros.detection.types import Load, People, check_counts, check_image, check_options
from diffhpe_ros.errors import DiffhpeError


class BlazePose:
    """Follows people through a video.

    Each person's image region is carried from frame to frame. A background thread looks for new
    people from time to time, in the whole image and in squares of it in turn. Results depend on
    the images alone. See `PeopleFollower` for the limit and the cost, and `Search` for the turns.
    People should fill about 30 % of the image's shorter side or more. Down to about 20 % they are
    found, too, but it may take seconds.

    A joint's confidence is the product of the network's visibility and presence. On real clips
    98 % of the joints of a fully visible person have 0.5 or more. Joints from 0.5 on have a median
    error of 2.5 % of the person's height (90th percentile 6 %). Joints below 0.5 are off by 5 %
    where they are in view, and by 20 % behind furniture. A lifter does better with them than
    without, so joints count as seen down to `min_confidence`. The network is often sure of joints
    that an object hides: half of the joints behind a patch are above 0.5, with errors of about
    14 %.

    A joint's covariance is the spread of its heat map. Compared with the errors on calibrated
    views, its standard deviation is right to a factor of 1.3, on the large side, except for
    outliers such as swapped left and right. Below a confidence of 0.5, and where the heat map
    says nothing, the covariance matches the errors measured at that confidence (`uncertainty`).

    If the camera is known (`use_camera`), people whom a wide lens stretches or bends are seen in
    rectified crops (`WideLens`).

    The figures are for the model `full`. On single frames the joints agree with mediapipe's own
    (0.10.21) within a pixel or so. Mediapipe's smoothing over time is left out: the lifter sees
    whole windows, with their noise as it is.

    Args:
        threads: CPU threads of each network.
        detection_threshold: score from which the search counts a candidate as a person.
        tracking_threshold: score from which a region holds a person.
        min_confidence: joints below it count as unseen.
        max_people: the largest number of people followed. People already followed come before new
            ones, and the largest and surest come first.
        search_every: frames from one search for new people to the next, while people are followed
            and none has been lost.
        runtime: runs the networks: `litert` on the CPU, `onnx` on onnxruntime, or `auto`: onnx
            where onnxruntime really runs on a GPU, else litert. `device` says what runs.
        model: the landmark model: `lite`, `full`, `heavy`, or `auto`. `auto` takes the heaviest
            one available, and after `adapt_to` the heaviest that keeps up with the camera.
            `model_status` says what runs.
        check_every: every so many images `heavy`, where available, checks in the background a
            person whom a faster model sees (`People.check`). 0: never.
        providers: onnxruntime's execution providers in order of preference. None takes CUDA
            where the installed onnxruntime has it, else the CPU.

    Raises:
        DiffhpeError: an option is out of range, ai-edge-litert or onnxruntime is not installed, or
            the networks are neither cached nor can be fetched.
    """

    name = "blazepose"

    def __init__(
        self,
        threads: int = 1,
        detection_threshold: float = 0.5,
        tracking_threshold: float = 0.5,
        min_confidence: float = 0.1,
        max_people: int = 1,
        search_every: int = 5,
        runtime: str = "auto",
        providers: Sequence[str] | None = None,
        model: str = "full",
        check_every: int = 0,
    ) -> None:
        check_options(
            threads,
            detection_threshold=detection_threshold,
            tracking_threshold=tracking_threshold,
            min_confidence=min_confidence,
        )
        check_counts(max_people=max_people, search_every=search_every)
        if check_every and not check_every > DELAY:
            raise DiffhpeError(f"check_every must be 0 or more than {DELAY}, got {check_every!r}")
        opened = open_models(model, runtime, threads, providers, with_heavy=bool(check_every))
        networks, landmarks = opened.networks, opened.networks.landmarks
        self.device = networks.device
        self._models = LandmarkModels(opened)
        self._checks: Checks | None = None
        if check_every and "heavy" in landmarks and model != "heavy":
            better = LandmarkNetwork(landmarks["heavy"])
            self._checks = Checks(better, check_every, tracking_threshold)
        self._follower = PeopleFollower(
            RegionFinder(networks.regions, detection_threshold),
            self._models,
            max_people,
            search_every,
            tracking_threshold,
        )
        self.min_confidence = min_confidence
        self._shape: tuple[int, ...] = ()
        self.reset()

    @property
    def max_people(self) -> int:
        """See `Detector.max_people`."""
        return self._follower.max_people

    @max_people.setter
    def max_people(self, count: int) -> None:
        self._follower.max_people = count

    @property
    def model_status(self) -> str:
        """See `AdaptiveDetector.model_status`."""
        return self._models.status

    def use_camera(self, camera: Camera) -> None:
        """See `CameraAwareDetector.use_camera`."""
        lens = WideLens.of(camera)
        self._models.use_lens(lens)
        if self._checks is not None:
            self._checks.use_lens(lens)

    def adapt_to(self, images_per_s: float) -> None:
        """See `AdaptiveDetector.adapt_to`."""
        self._models.adapt_to(images_per_s)

    def keep_up(self, load: Load) -> None:
        """See `AdaptiveDetector.keep_up`."""
        self._models.keep_up(load, time.monotonic())

    @property
    def missing_models(self) -> str:
        """See `ResumableDetector.missing_models`."""
        return self._models.missing

    def state(self) -> dict[str, Any]:
        """See `ResumableDetector.state`; checks of left and right start over after a restore."""
        shape = list(self._shape)
        return {"model": self._models.model, "shape": shape, **self._follower.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See `ResumableDetector.restore`."""
        if state["model"] != self._models.model:
            raise DiffhpeError(
                f"blazepose ran with the model {state['model']} before and cannot continue with"
                f" {self._models.model}"
            )
        self.reset()
        self._shape = tuple(state["shape"])
        self._follower.restore(state)

    def reset(self) -> None:
        """Forget all people and search the whole next image."""
        self._follower.reset()
        if self._checks is not None:
            self._checks.reset()
        self._shape = ()

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        """Find the people in the next image (H, W, 3) of the video.

        Raises:
            DiffhpeError: the image is not (H, W, 3) uint8 or has no pixels.
        """
        check_image(image_bgr)
        if image_bgr.shape != self._shape:  # another video: its pixels mean something else
            self.reset()
            self._shape = image_bgr.shape
        found = self._follower.update(image_bgr)
        height, width = image_bgr.shape[:2]
        people = to_people(
            list(map(body, found)), "blazepose33", width, height, self.min_confidence
        )
        if self._checks is None:
            return people
        may_begin = self._models.model != "heavy" and len(people) == len(found)
        return replace(people, check=self._checks.update(image_bgr, found, may_begin))
