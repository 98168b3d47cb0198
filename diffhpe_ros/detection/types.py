"""The inputs and outputs of every 2D detector."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import NUM_JOINTS


@dataclass(frozen=True, eq=False)
class Check:
    """A better network's result for a person in an earlier image."""

    images_ago: int
    row: int
    """The person's index among the people of that image."""
    keypoints: NDArray[np.float32]
    """(17, 2) pixels, NaN where unseen."""


@dataclass(frozen=True, eq=False)
class People:
    """The 2D joints of P people in one image.

    Raises:
        DiffhpeError: the arrays' shapes do not fit each other.
    """

    keypoints: NDArray[np.float32]
    """(P, 17, 2) pixels, NaN where a joint is unseen."""
    confidence: NDArray[np.float32]
    """(P, 17) in 0..1, 0 where a joint is unseen."""
    covariance: NDArray[np.float32]
    """(P, 17, 2, 2) pixels squared, NaN where a joint is unseen or has no covariance."""
    world_landmarks: NDArray[np.float32] | None = None
    """(P, 17, 3) the detector's own 3D joints, including unseen ones: metres from the hips, with x
    and y along the image axes and z along the ray to the person. None where the detector has no
    3D joints."""

    clothes: NDArray[np.float32] | None = None
    """(P, 2, 3) CIE Lab of the clothes on torso and legs, NaN where unseen. None until
    `see_clothes` adds them: detectors do not."""

    check: Check | None = None
    """A check of a person in an earlier image, if the detector has just finished one."""

    def __post_init__(self) -> None:
        shapes = (self.keypoints.shape, self.confidence.shape, self.covariance.shape)
        joints = (len(self.keypoints), NUM_JOINTS)
        if shapes != ((*joints, 2), joints, (*joints, 2, 2)):
            raise DiffhpeError(
                "people must have keypoints (P,17,2), confidence (P,17) and covariance"
                f" (P,17,2,2), got {shapes[0]}, {shapes[1]} and {shapes[2]}"
            )
        if self.world_landmarks is not None and self.world_landmarks.shape != (*joints, 3):
            raise DiffhpeError(
                f"people must have world_landmarks (P,17,3), got {self.world_landmarks.shape}"
            )
        if self.clothes is not None and self.clothes.shape != (len(self), 2, 3):
            raise DiffhpeError(f"people must have clothes (P,2,3), got {self.clothes.shape}")

    def __len__(self) -> int:
        return len(self.keypoints)

    def reordered(self, orders: NDArray[np.intp]) -> "People":
        """The same people with their joints reordered (P, 17), such as left and right swapped.

        A reordered person loses their world landmarks: a network that mistakes left for right also
        mistakes front for back.
        """
        rows, world = np.arange(len(self))[:, None], self.world_landmarks
        if world is not None:
            kept = (orders == np.arange(NUM_JOINTS)).all(-1)
            world = np.where(kept[:, None, None], world, np.float32(np.nan))
        return replace(
            self,
            keypoints=self.keypoints[rows, orders],
            confidence=self.confidence[rows, orders],
            covariance=self.covariance[rows, orders],
            world_landmarks=world,
        )

    @classmethod
    def empty(cls) -> "People":
        """No people."""
        return cls(
            np.empty((0, NUM_JOINTS, 2), np.float32),
            np.empty((0, NUM_JOINTS), np.float32),
            np.empty((0, NUM_JOINTS, 2, 2), np.float32),
        )


class Detector(Protocol):
    """Finds people's joints in the images of one camera, in time order."""

    min_confidence: float
    """In 0..1; joints below it count as unseen. It may be changed between two images."""
    max_people: int
    """At least 1; the largest number of people detected, people of earlier images first. It may be
    changed between two images."""

    @property
    def name(self) -> str:
        """The name that `create_detector` knows it by."""

    @property
    def device(self) -> str:
        """The device that the networks really run on, which may not be the requested one."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        """Find the people in an image (H, W, 3); empty if there are none.

        Raises:
            DiffhpeError: the image is not (H, W, 3) uint8 or has no pixels.
        """

    def reset(self) -> None:
        """Forget earlier frames: the next image belongs to another video."""


@dataclass(frozen=True)
class Load:
    """A detector's load in the last seconds."""

    images_per_s: float
    """Images that arrived, per second."""
    dropped: float
    """Share of them that was dropped, in 0..1."""
    image_s: float
    """Processing time of an image, in seconds."""
    people: int
    """People in the last image."""


@runtime_checkable
class AdaptiveDetector(Detector, Protocol):
    """A detector that can switch to a faster or a better model, to keep up with a camera."""

    @property
    def model_status(self) -> str:
        """Which model runs, and why."""

    def adapt_to(self, images_per_s: float) -> None:
        """Time the models and take the best that keeps up with a camera, if there is a choice.

        From then on results depend on the speed of the computer; before, on the images alone.
        """

    def keep_up(self, load: Load) -> None:
        """Switch the model if the load requires it; call between images, best once a second."""


@runtime_checkable
class CameraAwareDetector(Detector, Protocol):
    """A detector that can undo how a wide lens stretches or bends people."""

    def use_camera(self, camera: Camera) -> None:
        """Set the camera that takes the next images."""


class ResumableDetector(Detector, Protocol):
    """A detector that can continue where an earlier run was stopped."""

    @property
    def missing_models(self) -> str:
        """Why a requested better model does not run; empty if it does."""

    def state(self) -> dict[str, Any]:
        """All state that the next results depend on, as JSON values; call between two images."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state` of another run; the results are the same to the bit.

        Raises:
            DiffhpeError: that run used another model.
        """


def check_image(image: Any) -> None:
    """Refuse anything that is not a colour image.

    Raises:
        DiffhpeError: the image is not (H, W, 3) uint8 or has no pixels.
    """
    if not isinstance(image, np.ndarray):
        raise DiffhpeError(
            f"an image must be a numpy array (H,W,3) of uint8, got {type(image).__name__}"
        )
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise DiffhpeError(
            f"an image must be (H,W,3) uint8 with at least one pixel, got shape {image.shape}"
            f" {image.dtype}"
        )


def check_options(threads: int | None = None, **fractions: float) -> None:
    """Refuse settings that are invalid for every detector.

    Raises:
        DiffhpeError: `threads` is below one, or one of the named fractions is not in 0..1.
    """
    if threads is not None:
        check_counts(threads=threads)
    for name, value in fractions.items():
        if not isinstance(value, int | float) or not 0 <= value <= 1:
            raise DiffhpeError(f"{name} must be a number in 0..1, got {value!r}")


def check_counts(**counts: int) -> None:
    """Refuse invalid counts.

    Raises:
        DiffhpeError: one of the named counts is not a whole number of at least 1.
    """
    for name, value in counts.items():
        if not isinstance(value, int) or value < 1:
            raise DiffhpeError(f"{name} must be a whole number of at least 1, got {value!r}")
