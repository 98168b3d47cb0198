"""Errors of a model, with what its covariance is computed from."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from diffhpe_ros.coherence import segment_std, symmetry_gap
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.batched import BATCH
from diffhpe_ros.lifting.pipeline.variance_features import (
    NOISE_2D,
    VARIANCE_FEATURES,
    LiftedBatch,
    variance_features,
)
from diffhpe_ros.lifting.pipeline.variance_network import body_inputs
from diffhpe_ros.lifting.pipeline.views import turn_points, view
from diffhpe_ros.lifting.streaming.image_motion import image_size
from diffhpe_ros.lifting.window_batch import WindowBatch, check_windows
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows
from diffhpe_ros.training.evaluation.evaluation_data import occluded

Array = NDArray[np.float64]

LAGS = (24, 16, 8, 3, 0)
"""Frames behind the newest one. Live runs publish those of 0 and 3. The others are far apart, since
errors of neighbouring frames are correlated."""
UNSURE_SHARE = 0.3
NOISE_FACTORS = (0.5, 18.0)
"""Share of joints with more noise in the windows of unsure joints, and range of its factor: joints
that BlazePose only guesses, behind furniture or so, have errors of 6 to 18 times the usual."""
KNOTS = 3
"""Of errors over a window: those of a guess last, and are no jitter by which to know them."""
SEED = 0
CONDITIONS = ("unchanged", "with occlusions", "with unsure joints")
"""In which the windows are lifted."""


@dataclass(frozen=True)
class MeasuredErrors:
    """Errors of N windows at F frames; all in the model's view, joints without the root."""

    errors: Array
    """(N, F, 16, 3) metres."""
    spread: Array
    """(N, F, 16, 3, 3) m², covariance of the hypotheses."""
    features: Array
    """(N, F, 16, K), in the order of `VARIANCE_FEATURES`; NaN where one is unknown."""
    body: NDArray[np.float32]
    """(N, F, 17, JOINT_INPUTS), see `lifting.pipeline.variance_network.body_inputs`."""
    person: NDArray[np.str_]
    """(N,), subject of each window, or its sequence where subjects are unknown."""
    condition: NDArray[np.str_]
    """(N,), a name of `CONDITIONS`."""
    coherence_mm: Array
    """(N, 3): symmetry gap, segment std and hypothesis spread of unchanged windows; NaN for windows
    with occlusions or unsure joints."""

    def of(self, rows: NDArray[np.bool_]) -> "MeasuredErrors":
        """Some of the windows (N,)."""
        return MeasuredErrors(
            **{each.name: getattr(self, each.name)[rows] for each in fields(self)}
        )


def measure_errors(lifter: Lifter, truths: Sequence[LabelledWindows]) -> MeasuredErrors:
    """Lift windows unchanged, with occlusions, and with unsure joints of known covariance.

    Windows without a seen joint, which have no pose, are left out.

    Args:
        lifter: with free bone lengths.
        truths: windows of one or more files.
    """
    conditions = [(windows, each) for windows in truths for each in _conditions(windows)]
    parts = [
        _errors(lifter, windows, observed, slice(begin, begin + BATCH), name)
        for windows, (name, observed) in tqdm(conditions, desc="calibrating", unit="condition")
        for begin in range(0, len(windows), BATCH)
    ]
    columns = {
        each.name: [getattr(part, each.name) for part in parts] for each in fields(MeasuredErrors)
    }
    joined = {name: np.concatenate(values) for name, values in columns.items()}
    has_pose = np.isfinite(joined["errors"]).all((1, 2, 3))
    return MeasuredErrors(**{name: values[has_pose] for name, values in joined.items()})


def _conditions(windows: LabelledWindows) -> list[tuple[str, WindowBatch]]:
    frames = windows.x_2d.shape[1]
    hidden = occluded(windows, "all", SEED)
    noisy, stated = unsure_joints(windows.x_2d)
    observed = (
        check_windows(windows.x_2d, frames),
        check_windows(hidden.x_2d, frames),
        check_windows(noisy, frames, covariance_2d=stated),
    )
    return list(zip(CONDITIONS, observed, strict=True))


def unsure_joints(x_2d: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Windows whose detector only guesses some of the joints.

    Args:
        x_2d: (N, L, 17, 2) canonical view, 0 where unseen.

    Returns:
        The same with errors, half constant and half slow, and their covariance (N, L, 17, 2, 2).
    """
    rng = np.random.default_rng(SEED)
    windows, frames, joints, _ = x_2d.shape
    low, high = np.log(NOISE_FACTORS).tolist()
    factor = np.exp(rng.uniform(low, high, (windows, 1, joints, 1)))
    factor *= rng.uniform(size=factor.shape) < UNSURE_SHARE
    usual = NOISE_2D * image_size(x_2d)[:, None, None, None]
    constant = rng.normal(size=(windows, 1, joints, 2))
    slow = _between_knots(rng.normal(size=(windows, KNOTS, joints, 2)), frames)
    added = factor * usual * (constant + slow) / np.sqrt(2)
    seen = (x_2d != 0).any(-1, keepdims=True)
    variance = np.broadcast_to((1 + factor**2) * usual**2, (windows, frames, joints, 1))
    stated = variance[..., None] * np.eye(2)
    return (x_2d + added * seen).astype(np.float32), stated.astype(np.float32)


def _between_knots(knots: Array, frames: int) -> Array:
    """Values (N, L, ...) of L frames that go straight from one knot (N, K, ...) to the next."""
    at = np.linspace(0, knots.shape[1] - 1, frames)
    before = at.astype(int).clip(max=knots.shape[1] - 2)
    share = (at - before).reshape(-1, *[1] * (knots.ndim - 2))
    return np.asarray((1 - share) * knots[:, before] + share * knots[:, before + 1])


def _errors(
    lifter: Lifter, windows: LabelledWindows, observed: WindowBatch, rows: slice, condition: str
) -> MeasuredErrors:
    """Errors of some of the windows."""
    x_2d, confidence, covariance = (
        each[rows] for each in (observed.x_2d, observed.confidence, observed.covariance_2d)
    )
    hypotheses = lifter.lift(x_2d, confidence, covariance).hypotheses
    found = hypotheses.mean(1)
    lifted = LiftedBatch(found, x_2d, confidence, covariance)
    by_name = variance_features(lifted)
    _, rotation = view(lifter.config.input_view).to_model_view(observed.x_2d[rows])
    errors = turn_points(found - windows.poses[rows], rotation)
    apart = turn_points(hypotheses - found[:, None], rotation)
    frames = [found.shape[1] - 1 - lag for lag in LAGS if lag < found.shape[1]]
    apart, errors = apart[:, :, frames, 1:], errors[:, frames, 1:]
    several = max(1, apart.shape[1] - 1)
    return MeasuredErrors(
        errors=errors.astype(np.float64),
        spread=np.einsum("bhlni,bhlnj->blnij", apart, apart, dtype=np.float64) / several,
        features=np.stack([by_name[name][:, frames, 1:] for name in VARIANCE_FEATURES], -1),
        body=body_inputs(lifted, rotation, by_name)[:, frames],
        person=(windows.subject if len(set(windows.subject)) > 1 else windows.sequence)[rows],
        condition=np.full(len(found), condition),
        coherence_mm=_coherence_mm(hypotheses)
        if condition == CONDITIONS[0]
        else np.full((len(found), 3), np.nan),
    )


def _coherence_mm(hypotheses: NDArray[np.float32]) -> Array:
    """(N, 3), as published by the lifter node."""
    found = hypotheses.mean(1)
    apart = np.square(hypotheses[:, :, -1] - found[:, None, -1]).sum(-1).mean((1, 2))
    return 1000 * np.stack([symmetry_gap(found), segment_std(found), np.sqrt(apart)], -1)
