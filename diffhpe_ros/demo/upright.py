"""The up direction in the images of a demo."""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.demo.results import Results
from diffhpe_ros.demo.source import DemoSource
from diffhpe_ros.geometry.upright import LEVEL
from diffhpe_ros.pipeline.people_gravity import PeopleGravity


def up_of(source: DemoSource, results: Results) -> NDArray[np.float64]:
    """(3,) against gravity in the optical frame: as given, from people who walk, or level."""
    if source.up is not None:
        return source.up
    people = PeopleGravity()
    for stamp_ns, joints in sorted(results.joints.items()):
        people.update(joints.track_ids, joints.positions, stamp_ns)
    return LEVEL if people.gravity is None else people.gravity.up
