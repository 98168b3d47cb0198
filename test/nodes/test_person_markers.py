"""The markers of people in RViz."""

import numpy as np
import pytest
from geometry_msgs.msg import Point, Quaternion
from numpy.typing import NDArray
from standing import standing_at
from visualization_msgs.msg import Marker

from diffhpe_ros.nodes.messages.person_markers import (
    BONES_ID,
    FLOOR_ID,
    HEAD_ID,
    JOINTS_ID,
    LABEL_ID,
    NUMBERS,
    PersonMarkers,
)
from diffhpe_ros.skeleton import BONES

SEEN = np.ones(17, bool)
LEVEL = PersonMarkers(up=(0, -1, 0))
GAP = "do not trust: symmetry gap 25.0 mm, usually up to 16.9 mm; do not trust: segment std 9 mm"


def draw(seen: NDArray[np.bool_] = SEEN, doubt: str = "", distance: float = 4) -> list[Marker]:
    """The person stands in front of a level camera that is 1 m high; the floor is at y = 1."""
    joints = standing_at(0, 1 - 0.08 - 0.87, distance).astype(np.float64)
    return LEVEL.draw(7, joints, seen, doubt)


def place(point: Point) -> list[float]:
    return [point.x, point.y, point.z]


def test_each_marker_has_its_number() -> None:
    assert [marker.id for marker in draw()] == [*NUMBERS]


def test_the_disc_lies_on_the_floor_under_the_feet() -> None:
    pose = draw()[FLOOR_ID].pose
    assert place(pose.position) == pytest.approx([0, 1, 4.05])
    assert normal(pose.orientation) == pytest.approx([0, -1, 0])


@pytest.mark.parametrize(
    "up", [(0, -1, 0), (0, 0, 1), (0, 0, -1), (0, -0.8, -0.6)], ids=["level", "z", "down", "tilted"]
)
def test_discs_and_labels_go_by_where_up_is(up: tuple[float, float, float]) -> None:
    axis = np.array(up, np.float64)
    joints = np.array([0.2, 0.3, 5]) + np.outer(np.linspace(0, 1.7, 17), axis)
    markers = PersonMarkers(up).draw(7, joints, SEEN, "")
    assert normal(markers[FLOOR_ID].pose.orientation) == pytest.approx(up)
    heights = (joints @ axis).min(), (joints @ axis).max()
    assert np.dot(place(markers[FLOOR_ID].pose.position), axis) == pytest.approx(heights[0] - 0.08)
    assert np.dot(place(markers[LABEL_ID].pose.position), axis) > heights[1]


def normal(turn: Quaternion) -> list[float]:
    """The z axis, a cylinder's axis, after a rotation."""
    x, y, z, w = turn.x, turn.y, turn.z, turn.w
    return [2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)]


def test_the_head_is_round_nose_and_crown() -> None:
    marker = draw()[HEAD_ID]
    assert place(marker.pose.position) == pytest.approx([0, 0.05 - 0.615, 3.95])
    assert marker.scale.x == marker.scale.y == marker.scale.z


def test_the_label_says_who_and_how_far() -> None:
    near, far = draw(distance=1.2)[LABEL_ID], draw(distance=8)[LABEL_ID]
    assert (near.text, far.text) == ("#7  1.2 m", "#7  8.0 m")
    assert far.scale.z > near.scale.z


def test_a_label_ends_above_a_hand_that_is_raised() -> None:
    joints = standing_at(0, 0, 4).astype(np.float64)
    joints[13, 1] = -1.2
    label = LEVEL.draw(7, joints, SEEN, GAP)[LABEL_ID]
    lines = label.text.count("\n") + 1
    assert label.pose.position.y + lines * label.scale.z / 2 < -1.2


def test_people_who_are_not_to_be_trusted_are_amber() -> None:
    trusted, doubted = draw(), draw(doubt=GAP)
    assert doubted[LABEL_ID].text.split("\n") == [
        "#7  4.0 m", "do not trust:", "symmetry gap", "25.0 mm",
    ]  # fmt: skip
    for number in (HEAD_ID, FLOOR_ID, LABEL_ID):
        colour = doubted[number].color
        assert colour.r > colour.g > colour.b
    floor = trusted[FLOOR_ID].color
    assert floor.g > max(floor.r, floor.b)


def test_joints_that_were_not_seen_are_transparent() -> None:
    seen = SEEN.copy()
    seen[[2, 13]] = False  # right knee, left wrist
    markers = draw(seen)
    alpha = np.array([colour.a for colour in markers[JOINTS_ID].colors])
    assert [*np.flatnonzero(alpha < 1)] == [2, 13]
    bones = [colour.a for colour in markers[BONES_ID].colors]
    faint = {bone for bone, of_end in zip(BONES, bones[::2], strict=True) if of_end < 1}
    assert faint == {(1, 2), (2, 3), (12, 13)}
    assert bones[::2] == bones[1::2]
    # RViz ignores the alpha of a line's ends unless the marker's own is below 1.
    assert markers[BONES_ID].color.a < 1


def test_who_is_seen_all_over_is_opaque() -> None:
    bones, joints = draw()[:2]
    assert all(colour.a == 1 for colour in (bones.color, *bones.colors, *joints.colors))
