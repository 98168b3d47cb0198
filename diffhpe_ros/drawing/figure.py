"""A still figure of one frame: the image with 2D joints, and the 3D skeleton from two sides."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from diffhpe_ros.drawing.keypoints import draw_keypoints
from diffhpe_ros.drawing.style import COLOURS, Image
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import BONES, NUM_JOINTS

_FRONT, _SIDE = (8, -80), (12, -20)  # elevation and azimuth of the two views, degrees
_GREY = "0.45"


def save_skeleton_figure(
    path: Path,
    image: Image,
    keypoints: NDArray[Any],
    pose: NDArray[Any],
    truth: NDArray[Any] | None = None,
    title: str = "",
    confidence: NDArray[Any] | None = None,
) -> None:
    """Save a figure as PNG.

    Args:
        path: of the file.
        image: (H, W, 3) BGR.
        keypoints: (17, 2) pixels, NaN where unseen.
        pose: (17, 3) metres, camera optical frame.
        truth: (17, 3), the true pose, drawn thin and dashed.
        title: text above the figure.
        confidence: (17,) of the keypoints, 0..1.

    Raises:
        DiffhpeError: an array has a wrong shape, or the file cannot be written.
    """
    for name, points in (("pose", pose), ("truth", truth)):
        if points is not None and points.shape != (NUM_JOINTS, 3):
            raise DiffhpeError(f"a figure expects a {name} of (17, 3), got {points.shape}")
    figure = Figure(figsize=(13, 4.6), dpi=130, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        1, 3, width_ratios=[1.25, 1, 1], left=0.01, right=0.95, bottom=0.06, top=0.88, wspace=0.08
    )
    picture = figure.add_subplot(grid[0])
    picture.imshow(draw_keypoints(image, keypoints, confidence)[..., ::-1])
    _caption(figure, picture, "image and 2D joints")
    picture.axis("off")
    middle, half = _extent([pose] if truth is None else [pose, truth])
    for column, (name, angles) in enumerate(
        (("from the camera", _FRONT), ("from the side", _SIDE))
    ):
        axes: Any = figure.add_subplot(grid[column + 1], projection="3d")
        if truth is not None:
            _draw(axes, truth, ["0.25"] * len(COLOURS), linewidth=1.0, linestyle="--")
        _draw(axes, pose, [_rgb(colour) for colour in COLOURS], linewidth=2.8, marker=True)
        _finish(axes, middle, half, angles)
        _caption(figure, axes, f"3D, {name}")
    _legend(figure, truth is not None)
    figure.suptitle(title, fontsize=12, x=0.02, ha="left")
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise DiffhpeError(f"cannot write the figure {path}: {error}") from None


def _draw(
    axes: Any, pose: NDArray[Any], colours: list[Any], marker: bool = False, **style: Any
) -> None:
    """Draw the bones and, if wanted, the joints as dots."""
    points = _plotted(pose)
    for parent, child in BONES:
        x, y, z = points[[parent, child]].T
        axes.plot(x, y, z, color=colours[child], solid_capstyle="round", **style)
    if marker:
        x, y, z = points.T
        axes.scatter(x, y, z, color=colours, s=16, depthshade=False, edgecolor="white", lw=0.5)


def _plotted(points: NDArray[Any]) -> NDArray[np.float64]:
    """Points of the optical frame in the plot's: x right, y away from the camera, z up."""
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], -1).astype(np.float64)


def _extent(poses: list[NDArray[Any]]) -> tuple[NDArray[np.float64], float]:
    """Centre (3,) and half the side of a cube around the poses, in plot axes."""
    points = _plotted(np.concatenate(poses))
    points = points[np.isfinite(points).all(1)]
    if not len(points):
        return np.zeros(3), 1.0
    low, high = points.min(0), points.max(0)
    return (low + high) / 2, max(0.55 * float((high - low).max()), 0.3)


def _finish(axes: Any, middle: NDArray[np.float64], half: float, angles: tuple[int, int]) -> None:
    """Set equal metric axes with unobtrusive panes."""
    axes.set(
        xlim=(middle[0] - half, middle[0] + half),
        ylim=(middle[1] - half, middle[1] + half),
        zlim=(middle[2] - half, middle[2] + half),
    )
    axes.set_box_aspect((1, 1, 1), zoom=1.0)
    axes.view_init(*angles)
    labels = ("x, right (m)", "z, forward (m)", "-y, up (m)")
    for axis, label in zip((axes.xaxis, axes.yaxis, axes.zaxis), labels, strict=True):
        axis.set_label_text(label, fontsize=8, color=_GREY)
        axis.set_pane_color((0.97, 0.97, 0.98, 1.0))
        axis.set_major_locator(MultipleLocator(0.5))
    axes.tick_params(labelsize=7, colors=_GREY)


def _caption(figure: Figure, axes: Any, text: str) -> None:
    """Write text above one part of the figure; all captions have the same height."""
    box = axes.get_position()
    figure.text((box.x0 + box.x1) / 2, 0.88, text, ha="center", fontsize=10)


def _legend(figure: Figure, with_truth: bool) -> None:
    lines = [
        Line2D([], [], color=_rgb(COLOURS[joint]), lw=2.8, label=label)
        for joint, label in ((4, "left"), (1, "right"), (0, "middle"))
    ]
    if with_truth:
        lines.append(Line2D([], [], color="0.25", lw=1.0, ls="--", label="truth"))
    figure.legend(
        handles=lines, loc="upper right", ncols=len(lines), frameon=False, fontsize=9,
        bbox_to_anchor=(0.98, 1.0),
    )  # fmt: skip


def _rgb(colour: tuple[int, int, int]) -> tuple[float, float, float]:
    blue, green, red = (channel / 255 for channel in colour)
    return red, green, blue
