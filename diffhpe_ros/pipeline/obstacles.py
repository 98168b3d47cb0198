"""People as obstacles: points on the space that they occupy, now and for a short time ahead."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.capsules import surface, thin_out
from diffhpe_ros.pipeline.body_capsules import body_capsules
from diffhpe_ros.pipeline.options import ObstacleOptions
from diffhpe_ros.pipeline.people import LiftedPeople

_STEP_S = 0.25
"""Time step within the horizon: a person walks 0.35 m in it, less than their own width."""


@dataclass(frozen=True, eq=False)
class Obstacles:
    """Points on the surfaces of people."""

    points: NDArray[np.float32]
    """(N, 3) metres."""
    track_ids: NDArray[np.uint32]
    """(N,) the track id of the person whom each point belongs to."""


def obstacles(people: LiftedPeople, options: ObstacleOptions) -> Obstacles:
    """Points on all people of one camera with a known position."""
    rows = np.flatnonzero(people.located)
    each = [_points(people, row, options) for row in rows.tolist()]
    return Obstacles(
        np.concatenate(each or [np.empty((0, 3))]).astype(np.float32),
        np.repeat(np.array(people.track_ids, np.uint32)[rows], [len(points) for points in each]),
    )


def _points(people: LiftedPeople, row: int, options: ObstacleOptions) -> NDArray[np.float64]:
    body = body_capsules(people, row)
    moments = np.linspace(0, options.horizon_s, 1 + int(np.ceil(options.horizon_s / _STEP_S)))
    swept = [
        thin_out(surface(body.moved_on(seconds), options.sigma, options.spacing), options.spacing)
        for seconds in moments.tolist()
    ]
    return thin_out(np.concatenate(swept), options.spacing)
