"""A person with known joints, and windows of such people."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.pipeline.people import LiftedPeople, PeopleWindows

# A person who stands upright, arms down, facing the camera: metres from the hip, y down.
STANDING = np.array(
    [
        [0, 0, 0], [-0.13, 0, 0], [-0.13, 0.45, 0], [-0.13, 0.87, 0.05],
        [0.13, 0, 0], [0.13, 0.45, 0], [0.13, 0.87, 0.05],
        [0, -0.24, 0], [0, -0.48, 0], [0, -0.55, -0.08], [0, -0.68, -0.02],
        [0.15, -0.46, 0], [0.2, -0.18, 0.02], [0.22, 0.06, -0.05],
        [-0.15, -0.46, 0], [-0.2, -0.18, 0.02], [-0.22, 0.06, -0.05],
    ],
    np.float32,
)  # fmt: skip


def standing_at(x: float, y: float, z: float) -> NDArray[np.float32]:
    """The person's joints (17, 3) with the hip at a place in the optical frame."""
    return STANDING + np.array([x, y, z], np.float32)


def standing_windows(
    track_ids: list[int],
    frame_id: str = "camera",
    stamp_ns: int = 5_000_000_000,
    distance: float = 4,
) -> PeopleWindows:
    """Windows of people who stand next to each other some metres away, each with an unseen foot."""
    count = len(track_ids)
    joints = np.array([standing_at(0.5 * k, 0.1, distance) for k in range(count)], np.float32)
    joints = joints.reshape(count, 17, 3)
    view = 2.29 * joints[..., :2] / joints[..., 2:]
    keypoints = np.repeat(view[:, None], 27, axis=1).astype(np.float32)
    keypoints[:, :, 3] = np.nan
    seen = np.isfinite(keypoints).all(-1)
    covariance = np.where(seen[..., None, None], 1e-4 * np.eye(2), np.nan).astype(np.float32)
    return PeopleWindows(
        frame_id=frame_id,
        stamp_ns=stamp_ns,
        track_ids=tuple(track_ids),
        offsets_ns=np.tile(np.arange(-26, 1) * 20_000_000, (count, 1)),
        keypoints=keypoints,
        confidence=seen.astype(np.float32) * np.float32(0.75),
        covariance=covariance,
    )


def people_at(
    joints: NDArray[Any], track_ids: tuple[int, ...], frame_id: str = "camera", **known: Any
) -> LiftedPeople:
    """People with joints (P, 17, 3) at 1.5 s, all seen and without motion or uncertainty."""
    exactly = np.zeros((len(track_ids), 17, 3, 3), np.float32)
    values: dict[str, Any] = {
        "covariance": exactly,
        "velocity": np.zeros((len(track_ids), 17, 3), np.float32),
        "velocity_covariance": exactly,
        "confidence": np.ones((len(track_ids), 17), np.float32),
        **dict.fromkeys(
            ("symmetry_gap", "segment_std", "hypothesis_spread"), np.zeros(len(track_ids))
        ),
    }
    return LiftedPeople(frame_id, 1_500_000_000, track_ids, joints, **values | known)
