"""The arrays that go from stage to stage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.skeleton import NUM_JOINTS

MAX_PEOPLE = 64
"""Of one camera in one message: bounds memory and time for any sender."""


@dataclass(frozen=True, eq=False)
class PeopleWindows:
    """Windows of P people, all seen in the same newest image of one camera.

    P is 0 after the last track was removed.
    """

    frame_id: str
    """Optical frame of the camera; together with the track id it identifies a person."""
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

    def __len__(self) -> int:
        return len(self.track_ids)


@dataclass(frozen=True, eq=False)
class LiftedPeople:
    """3D poses of P people at one time."""

    frame_id: str
    """The optical frame that the joints are in."""
    stamp_ns: int
    """Time of the poses: that of the newest image, or earlier by the lag."""
    track_ids: tuple[int, ...]
    """P ids, those of the windows."""
    joints: NDArray[np.float32]
    """(P, 17, 3) metres; NaN for a person whose position is unknown."""
    covariance: NDArray[np.float32]
    """(P, 17, 3, 3) m². Of the Hip: of its position in the optical frame. Of other joints: relative
    to the Hip; that of their position is the sum of both."""
    confidence: NDArray[np.float32]
    """(P, 17) of the 2D joints at that time, 0 where unseen."""
    symmetry_gap: NDArray[np.float64]
    """(P,) metres, equation 13."""
    segment_std: NDArray[np.float64]
    """(P,) metres, equation 14."""
    hypothesis_spread: NDArray[np.float64]
    """(P,) metres: root mean square distance of the hypotheses' joints from their mean."""

    def __len__(self) -> int:
        return len(self.track_ids)

    @classmethod
    def empty(cls, frame_id: str, stamp_ns: int) -> "LiftedPeople":
        """No people."""
        return cls(
            frame_id,
            stamp_ns,
            (),
            joints=np.empty((0, NUM_JOINTS, 3), np.float32),
            covariance=np.empty((0, NUM_JOINTS, 3, 3), np.float32),
            confidence=np.empty((0, NUM_JOINTS), np.float32),
            symmetry_gap=np.empty(0),
            segment_std=np.empty(0),
            hypothesis_spread=np.empty(0),
        )

    @property
    def placed(self) -> NDArray[np.bool_]:
        """(P,) whether the position of the person in the optical frame is known."""
        return np.asarray(np.isfinite(self.joints).all((1, 2)))
