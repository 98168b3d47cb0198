"""Checks recorded keypoints and the poses lifted from them for usual mistakes in users' files.

Impossible values are refused; implausible ones cause a warning. The limits lie between correct
files and files with mistakes from public reports: normalised or swapped coordinates, another
layout, y up, the intrinsics of another resolution, placeholders for unseen joints.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL, Camera
from diffhpe_ros.coherence import symmetry_gap
from diffhpe_ros.confidence import MIN_CONFIDENCE
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import NUM_JOINTS

HEAD, FEET = 10, (3, 6)

_NORMALISED = 2.0
_LEAST_PIXELS = 16
_OUTSIDE_SHARE = 0.05
_LEAST_HEIGHT = 0.02  # share of the image's height
_OFF_CENTRE = 0.2  # share of the image's width or height
_FOCAL = (0.4, 4.0)  # share of the image's longer side
_REPROJECTION = 0.05  # share of the person's height; 0.02 to 0.03 in correct files
_SYMMETRY_GAP_M = 0.028  # 0.005 to 0.02 in correct files


def clean_keypoints(
    keypoints: NDArray[np.float32],
    confidence: NDArray[np.float32],
    size: tuple[int, int],
    min_confidence: float = MIN_CONFIDENCE,
) -> tuple[NDArray[np.float32], NDArray[np.float32], list[str]]:
    """Mark implausible keypoints as unseen.

    Args:
        keypoints: (T, K, 2) pixels, NaN where unseen.
        confidence: (T, K), 0 where unseen. It is divided by its greatest value if that is above 1
            or below `min_confidence`: some detectors' scores have another scale.
        size: width and height of the image.
        min_confidence: joints below it become unseen.

    Returns:
        Both arrays, NaN and 0 where unseen, and warnings.

    Raises:
        DiffhpeError: no joint is in the image, or the coordinates are not pixels.
    """
    warnings = []
    seen = np.isfinite(keypoints).all(-1) & (confidence > 0)
    if not seen.any():
        return keypoints, confidence, []
    _refuse_normalised(keypoints[seen], size)
    greatest = float(confidence[seen].max())
    if not min_confidence <= greatest <= 1:
        confidence = confidence / np.float32(greatest)
        warnings.append(
            f"confidence goes up to {greatest:g}, but 0 to 1 is expected: it is divided by that"
        )
    sure = seen & (confidence >= min_confidence)
    inside = ((keypoints >= -0.5) & (keypoints <= np.array(size) - 0.5)).all(-1)
    kept = sure & inside
    outside = 1 - kept.sum() / sure.sum()
    if not kept.any() or outside > _OUTSIDE_SHARE:
        low, high = keypoints[sure].min(0), keypoints[sure].max(0)
        text = (
            f"{outside:.0%} of the joints lie outside the {size[0]}x{size[1]} image: x is"
            f" {low[0]:.0f} to {high[0]:.0f}, y {low[1]:.0f} to {high[1]:.0f}; width and height"
            " must be those of the image that the keypoints are of"
        )
        if not kept.any():
            raise DiffhpeError(text)
        warnings.append(f"{text}. They count as unseen")
    keypoints = np.where(kept[..., None], keypoints, np.float32(np.nan))
    height = float(np.nanmedian(_extent(keypoints)))
    if height < _LEAST_HEIGHT * size[1]:
        warnings.append(
            f"the person is {height:.1f} pixels tall in an image of {size[1]}: are these pixels?"
        )
    return keypoints, np.where(kept, confidence, np.float32(0)), warnings


def camera_warnings(camera: Camera) -> Iterator[str]:
    """Warnings about implausible intrinsics, which are mostly those of another resolution."""
    size = np.array([camera.width, camera.height])
    centre, focal = camera.matrix[:2, 2], camera.matrix[[0, 1], [0, 1]]
    if (np.abs(centre / size - 0.5) > _OFF_CENTRE).any():
        yield (
            f"the principal point of K, ({centre[0]:.0f}, {centre[1]:.0f}), is far from the middle"
            f" of the {size[0]}x{size[1]} image: is K of another resolution?"
        )
    share = focal.mean() / size.max()
    if not _FOCAL[0] <= share <= _FOCAL[1]:
        yield (
            f"the focal length of K, {focal.mean():.0f} pixels, is {share:.2f} times the longer"
            f" side of the {size[0]}x{size[1]} image; {_FOCAL[0]:g} to {_FOCAL[1]:g} are usual"
        )


def lifted_warnings(
    canonical: NDArray[np.float32], poses: NDArray[np.float32], root: NDArray[np.float32]
) -> Iterator[str]:
    """Warnings about a lifted recording.

    Args:
        canonical: (T, 17, 2) the lifted keypoints, canonical view, NaN where unseen.
        poses: (T, 17, 3) root-relative metres, NaN where unknown.
        root: (T, 3) metres, NaN where unknown.
    """
    known = np.asarray(np.isfinite(poses).all((1, 2)))
    located = known & np.isfinite(root).all(-1)
    if not known.any():
        return
    if not located[known].all():
        yield (
            f"{(known & ~located).sum()} of {known.sum()} poses have no root position: too few"
            " joints are seen, or they fit no position in front of the camera"
        )
    if located.any():
        error = reprojection_error(canonical[located], poses[located] + root[located, None])
        if error > _REPROJECTION:
            yield (
                f"the poses do not fit the keypoints: reprojection error of {error:.0%} of the"
                " person's height, 2 to 3 % are usual; is the layout the right one?"
            )
    gap = float(symmetry_gap(poses[known]))
    if gap > _SYMMETRY_GAP_M:
        yield (
            f"left and right bones differ by {1000 * gap:.0f} mm, up to 20 are usual: are the"
            " keypoints those of the layout, in pixels, y down?"
        )
    feet = poses[known][:, list(FEET), 1].mean(1)
    upside_down = float((poses[known][:, HEAD, 1] > feet).mean())
    if upside_down > 0.5:
        yield (f"the head is below the feet in {upside_down:.0%} of the frames: y must point down")


def reprojection_error(canonical: NDArray[np.float32], joints: NDArray[np.float32]) -> float:
    """Mean distance of joints (T, 17, 3) from keypoints (T, 17, 2), relative to the person's size.

    Frames in which most joints are unseen (NaN) do not count: their size says little.
    """
    shown = np.isfinite(canonical).all(-1).sum(1) > NUM_JOINTS // 2
    canonical, joints = canonical[shown], joints[shown]
    if not len(canonical):
        return 0.0
    projected = CANONICAL_FOCAL * joints[..., :2] / joints[..., 2:].clip(min=0.1)
    distance = np.linalg.norm(projected - canonical, axis=-1)
    return float(np.nanmean(distance / _extent(canonical)[:, None]))


def truth_warnings(
    x_2d: NDArray[np.float32], poses: NDArray[np.float32], root: NDArray[np.float32] | None
) -> Iterator[str]:
    """Warnings about windows with ground truth whose keypoints do not match the poses.

    Args:
        x_2d: (N, L, 17, 2) canonical view, 0 where unseen.
        poses: (N, L, 17, 3) root-relative metres.
        root: (N, L, 3) metres; None if unknown: then nothing is checked.
    """
    if root is None:
        return
    canonical = np.where((x_2d != 0).any(-1, keepdims=True), x_2d, np.float32(np.nan))
    joints = poses + root[:, :, None]
    error = reprojection_error(canonical.reshape(-1, 17, 2), joints.reshape(-1, 17, 3))
    if error > _REPROJECTION:
        yield (
            f"x does not fit y and root: reprojection error of {error:.0%} of the person's height;"
            " is x of the canonical view, and are left and right the same in both?"
        )


def _refuse_normalised(points: NDArray[np.float32], size: tuple[int, int]) -> None:
    if min(size) > _LEAST_PIXELS and np.abs(points).max() <= _NORMALISED:
        raise DiffhpeError(
            f"all keypoints lie within {points.min():.2f} to {points.max():.2f}: normalised"
            f" coordinates? Pixels of the {size[0]}x{size[1]} image are expected"
        )


def _extent(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T,) the longer side of the box around the seen joints (T, 17, 2)."""
    with np.errstate(all="ignore"):
        side = np.fmax.reduce(points, 1) - np.fmin.reduce(points, 1)
        return np.asarray(np.fmax.reduce(side, -1))
