"""The arrays that the stages pass on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.floor import Floor
from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.postures.person_state import PersonState
from diffhpe_ros.skeleton import NUM_JOINTS
from diffhpe_ros.windows import FRAMES

MAX_PEOPLE = 64
"""Most people of one camera in one message: bounds memory and time for any sender."""


@dataclass(frozen=True, eq=False)
class PeopleWindows:
    """Windows of P people, all seen in the same newest image of one camera.

    P is 0 after the last track was removed.
    """

    frame_id: str
    """Optical frame of the camera; the rays are in this frame."""
    stamp_ns: int
    """Time of the newest image."""
    track_ids: tuple[int, ...]
    """P different ids, 0 to 2³²-1."""
    offsets_ns: NDArray[np.int64]
    """(P, 27) times relative to the stamp, rising, at most 0."""
    keypoints: NDArray[np.float32]
    """(P, 27, 17, 2) canonical view, NaN where unseen."""
    confidence: NDArray[np.float32]
    """(P, 27, 17) in 0..1, 0 where unseen."""
    covariance: NDArray[np.float32]
    """(P, 27, 17, 2, 2) canonical units squared, NaN where unknown."""
    depth: NDArray[np.float32] | None = None
    """(P, 17) metres along the optical axis to the surface at each joint in the newest image, NaN
    where unknown; None without a depth camera."""
    world_landmarks: NDArray[np.float32] | None = None
    """(P, 27, 17, 3) metres, see `People.world_landmarks`; NaN where unknown, None if the detector
    gives none."""
    camera_name: str = ""
    """Distinguishes cameras with the same frame_id; empty: the frame_id is the name."""
    motion: RigidTransform | None = None
    """(P, 27) from the camera's optical frame at the time of each frame to a fixed frame; None if
    the camera's motion is not known. Not part of messages."""
    floor: Floor | None = None
    """The floor below the camera in the newest image; None if unknown. Not part of messages."""

    def __len__(self) -> int:
        return len(self.track_ids)

    @property
    def camera(self) -> str:
        """The camera's identity; together with the track id it identifies a person."""
        return self.camera_name or self.frame_id

    @property
    def spans_s(self) -> NDArray[np.float64]:
        """(P,) seconds from the first to the newest frame."""
        return np.asarray(-self.offsets_ns[:, 0] / 1e9)

    def of(self, chosen: NDArray[np.bool_]) -> "PeopleWindows":
        """The windows of some of the P people; chosen is a mask (P,)."""
        depth, world, motion = self.depth, self.world_landmarks, self.motion
        return replace(
            self,
            track_ids=tuple(np.array(self.track_ids)[chosen].tolist()),
            offsets_ns=self.offsets_ns[chosen],
            keypoints=self.keypoints[chosen],
            confidence=self.confidence[chosen],
            covariance=self.covariance[chosen],
            depth=None if depth is None else depth[chosen],
            world_landmarks=None if world is None else world[chosen],
            motion=None if motion is None else motion[chosen],
        )


def join_world_landmarks(
    parts: Sequence[tuple[int, NDArray[np.float32] | None]],
) -> NDArray[np.float32] | None:
    """World landmarks (P, 27, 17, 3) of all people, NaN for people without; None if nobody has any.

    Args:
        parts: for each part the number of people and their landmarks.
    """
    if all(landmarks is None for _, landmarks in parts):
        return None
    unknown = (np.full((count, FRAMES, NUM_JOINTS, 3), np.nan, np.float32) for count, _ in parts)
    return np.concatenate(
        [blank if each is None else each for blank, (_, each) in zip(unknown, parts, strict=True)]
    )


@dataclass(frozen=True, eq=False)
class LiftedPeople:
    """3D poses of P people at one time."""

    frame_id: str
    """The frame of the joints: the camera's optical frame, or another one after `moved`."""
    stamp_ns: int
    """Time of the poses: that of the newest image, minus the lag."""
    track_ids: tuple[int, ...]
    """P ids, the same as in the windows."""
    joints: NDArray[np.float32]
    """(P, 17, 3) metres; NaN for a person whose position is unknown."""
    covariance: NDArray[np.float32]
    """(P, 17, 3, 3) m². For the Hip: of its position in the frame. For other joints: relative to
    the Hip; the covariance of their position is the sum of both."""
    velocity: NDArray[np.float32]
    """(P, 17, 3) m/s of the joints; NaN for a person whose position is unknown."""
    velocity_covariance: NDArray[np.float32]
    """(P, 17, 3, 3) m²/s². For the Hip: of its velocity. For other joints: of their velocity
    relative to the Hip; the covariance of their velocity is the sum of both."""
    confidence: NDArray[np.float32]
    """(P, 17) confidence of the 2D joints at that time, 0 where unseen."""
    symmetry_gap: NDArray[np.float64]
    """(P,) metres, equation 13."""
    segment_std: NDArray[np.float64]
    """(P,) metres, equation 14."""
    hypothesis_spread: NDArray[np.float64]
    """(P,) metres: root mean square distance of the hypotheses' joints from their mean."""
    camera_name: str = ""
    """Name of the camera; empty: the frame_id is the name."""
    viewpoint: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Position of the camera in the frame, metres."""
    up: tuple[float, float, float] = (0.0, -1.0, 0.0)
    """Unit vector against gravity in the frame; by default the camera is assumed to be level."""

    states: tuple[PersonState | None, ...] = ()
    """Posture and gestures of each of the P people, None for those without a position; empty if
    they were not estimated."""

    def __len__(self) -> int:
        return len(self.track_ids)

    @property
    def camera(self) -> str:
        """The camera's identity; together with the track id it identifies a person."""
        return self.camera_name or self.frame_id

    def moved(
        self, transform: RigidTransform, frame_id: str, up: tuple[float, float, float]
    ) -> "LiftedPeople":
        """The same people in another frame, with velocities and covariances rotated.

        Args:
            transform: from the current frame to the new one.
            frame_id: the new frame.
            up: unit vector against gravity in the new frame.
        """
        x, y, z = transform.points(np.array(self.viewpoint)).tolist()
        return replace(
            self,
            frame_id=frame_id,
            joints=transform.points(self.joints).astype(np.float32),
            covariance=transform.covariances(self.covariance).astype(np.float32),
            velocity=transform.vectors(self.velocity).astype(np.float32),
            velocity_covariance=transform.covariances(self.velocity_covariance).astype(np.float32),
            camera_name=self.camera,
            viewpoint=(x, y, z),
            up=up,
            states=tuple(each and each.moved(transform) for each in self.states),
        )

    @classmethod
    def empty(cls, frame_id: str, stamp_ns: int, camera_name: str = "") -> "LiftedPeople":
        """No people."""
        return cls(
            frame_id,
            stamp_ns,
            (),
            joints=np.empty((0, NUM_JOINTS, 3), np.float32),
            covariance=np.empty((0, NUM_JOINTS, 3, 3), np.float32),
            velocity=np.empty((0, NUM_JOINTS, 3), np.float32),
            velocity_covariance=np.empty((0, NUM_JOINTS, 3, 3), np.float32),
            confidence=np.empty((0, NUM_JOINTS), np.float32),
            symmetry_gap=np.empty(0),
            segment_std=np.empty(0),
            hypothesis_spread=np.empty(0),
            camera_name=camera_name,
        )

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(P, 17) whether the joint was seen; if not, its position is the model's guess."""
        return np.asarray(self.confidence > 0)

    @property
    def located(self) -> NDArray[np.bool_]:
        """(P,) whether the person's position in the frame is known."""
        return np.asarray(np.isfinite(self.joints).all((1, 2)))
