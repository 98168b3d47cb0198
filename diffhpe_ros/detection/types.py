"""What every 2D detector takes and gives."""

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
    """A better network's opinion of a person in an earlier image."""

    images_ago: int
    row: int
    """Among the people of that image."""
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
    """(P, 17, 2, 2) pixels squared, NaN where a joint is unseen or the detector gives none."""
    world_landmarks: NDArray[np.float32] | None = None
    """(P, 17, 3) the detector's own 3D joints, unseen ones included: metres from the hips, x and y
    along the image's, z along the ray to the person. None where the detector gives none."""

    clothes: NDArray[np.float32] | None = None
    """(P, 2, 3) CIE Lab of the clothes on torso and legs, NaN where unseen. None where nobody has
    looked at them: detectors do not."""

    check: Check | None = None
    """Of somebody in an earlier image, where a detector makes such checks and has just made one."""

    def __post_init__(self) -> None:
        shapes = (self.keypoints.shape, self.confidence.shape, self.covariance.shape)
        joints = (len(self.keypoints), NUM_JOINTS)
        if shapes != ((*joints, 2), joints, (*joints, 2, 2)):
            raise DiffhpeError(
                "people have keypoints (P,17,2), confidence (P,17) and covariance (P,17,2,2),"
                f" got {shapes[0]}, {shapes[1]} and {shapes[2]}"
            )
        if self.world_landmarks is not None and self.world_landmarks.shape != (*joints, 3):
            raise DiffhpeError(
                f"people have world_landmarks (P,17,3), got {self.world_landmarks.shape}"
            )
        if self.clothes is not None and self.clothes.shape != (len(self), 2, 3):
            raise DiffhpeError(f"people have clothes (P,2,3), got {self.clothes.shape}")

    def __len__(self) -> int:
        return len(self.keypoints)

    def reordered(self, orders: NDArray[np.intp]) -> "People":
        """The same people with their joints in other orders (P, 17), such as left for right.

        Who is put into another order has no world landmarks: a network that takes left for right
        takes front for back.
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
        """Nobody."""
        return cls(
            np.empty((0, NUM_JOINTS, 2), np.float32),
            np.empty((0, NUM_JOINTS), np.float32),
            np.empty((0, NUM_JOINTS, 2, 2), np.float32),
        )


class Detector(Protocol):
    """Finds people's joints in the images of one camera, in the order of time."""

    min_confidence: float
    """In 0..1; joints below it are unseen. It may be set between two images."""
    max_people: int
    """From 1; no more are looked for, those of the images before first. It may be set between two
    images."""

    @property
    def name(self) -> str:
        """The name that `create_detector` knows it by."""

    @property
    def device(self) -> str:
        """What the networks really run on, as opposed to what was asked for."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        """Find the people in an image (H, W, 3); empty if there are none.

        Raises:
            DiffhpeError: the image is not (H, W, 3) uint8 or has no pixels.
        """

    def reset(self) -> None:
        """Forget the frames before: the next image belongs to another video."""


@dataclass(frozen=True)
class Load:
    """What a camera asked of a detector in the last seconds."""

    images_per_s: float
    """That arrived."""
    dropped: float
    """Share of them that was not looked at, in 0..1."""
    image_s: float
    """Seconds that an image took."""
    people: int
    """In the last image."""


@runtime_checkable
class AdaptiveDetector(Detector, Protocol):
    """A detector that can take a faster or a better model, to keep up with a camera."""

    @property
    def model_status(self) -> str:
        """Which model it runs, and why."""

    def adapt_to(self, images_per_s: float) -> None:
        """Measure the models and take the best that keeps up with a camera, if it may choose.

        From now on results depend on the speed of the computer; until then, on the images alone.
        """

    def keep_up(self, load: Load) -> None:
        """Take another model if the load asks for it; between two images, best once a second."""


@runtime_checkable
class CameraAwareDetector(Detector, Protocol):
    """A detector that sees people better whom a wide lens shows stretched or bent."""

    def use_camera(self, camera: Camera) -> None:
        """Know which camera takes the next images."""


class ResumableDetector(Detector, Protocol):
    """A detector that can go on where another run of it was stopped."""

    @property
    def missing_models(self) -> str:
        """Why a better model that was asked for does not run; empty where it does."""

    def state(self) -> dict[str, Any]:
        """What the people of the next images depend on, as JSON has it; between two images."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on as the detector that gave this `state`: people will be the same to the bit.

        Raises:
            DiffhpeError: it was one of another model.
        """


def check_image(image: Any) -> None:
    """Refuse what is no colour image.

    Raises:
        DiffhpeError: the image is not (H, W, 3) uint8 or has no pixels.
    """
    if not isinstance(image, np.ndarray):
        raise DiffhpeError(
            f"an image is a numpy array (H,W,3) of uint8, got {type(image).__name__}"
        )
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise DiffhpeError(
            "an image is (H,W,3) uint8 with at least one pixel,"
            f" got shape {image.shape} {image.dtype}"
        )


def check_options(threads: int | None = None, **fractions: float) -> None:
    """Refuse settings that no detector can run with.

    Raises:
        DiffhpeError: `threads` is below one, or one of the named fractions is not in 0..1.
    """
    if threads is not None:
        check_counts(threads=threads)
    for name, value in fractions.items():
        if not isinstance(value, int | float) or not 0 <= value <= 1:
            raise DiffhpeError(f"{name} is a number in 0..1, got {value!r}")


def check_counts(**counts: int) -> None:
    """Refuse what is no number of things.

    Raises:
        DiffhpeError: one of the named counts is no whole number from 1 on.
    """
    for name, value in counts.items():
        if not isinstance(value, int) or value < 1:
            raise DiffhpeError(f"{name} is a whole number from 1, got {value!r}")
