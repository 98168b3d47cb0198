"""A small image of the walker: the joints are inside the drawn body, on the correct side."""

import numpy as np
import pytest

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.rendering.body import Pose
from diffhpe_ros.rendering.clothes import Figure
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.rendering.scene import CameraView
from diffhpe_ros.rendering.walk import CircleWalk

FACING, AWAY = 0.2, 3.0  # seconds into the lap: towards the camera, away from it


@pytest.fixture(scope="module")
def view() -> CameraView:
    camera = Camera.from_field_of_view(122, 90, 52.0)  # sides that are not whole blocks
    return CameraView.looking_at(camera, np.array([0.0, 0.0, 1.3]), np.array([0.0, 4.0, 0.93]))


@pytest.fixture(scope="module")
def renderer(view: CameraView) -> Renderer:
    return Renderer(view)


def pixels_of(view: CameraView, points: np.ndarray) -> np.ndarray:
    return np.round(view.camera.project(view.to_optical(points))).astype(int)


@pytest.mark.parametrize("time_s", [FACING, 1.4, AWAY, 4.6])
def test_joints_lie_inside_of_the_drawn_person(
    renderer: Renderer, view: CameraView, time_s: float
) -> None:
    pose = CircleWalk().pose(time_s)
    u, v = pixels_of(view, pose.joints).T
    mask = renderer.mask(pose)
    assert mask[v, u].all()
    assert 0.02 < mask.mean() < 0.15


def test_person_at_the_border_of_a_fisheye_is_drawn_whole() -> None:
    """Parts of the box round them are behind the camera."""
    matrix = np.array([[60.0, 0, 89.5], [0, 60.0, 89.5], [0, 0, 1]])
    camera = Camera(180, 180, matrix, np.zeros(4), "equidistant")
    eye, pose = np.array([0.0, 0.0, 1.3]), CircleWalk((0.0, 2.0), 0.5).pose(FACING)
    view = CameraView.looking_at(camera, eye, eye + np.array([3.0, 1.6, 0.0]))
    u, v = pixels_of(view, pose.joints).T
    assert Renderer(view, samples=1).mask(pose)[v, u].all()


def test_clothes_have_their_colours(renderer: Renderer, view: CameraView) -> None:
    pose = CircleWalk().pose(AWAY)
    image = renderer.render([pose]).astype(int)
    (su, sv), (ku, kv) = pixels_of(view, pose.joints[[7, 2]])
    blue, _, red = image[sv, su]
    assert red > 2 * blue  # the shirt
    blue, _, red = image[kv, ku]
    assert blue > 1.4 * red  # the trousers


def test_face_is_only_seen_from_the_front(renderer: Renderer, view: CameraView) -> None:
    """Skin is lighter than hair, so the head's centre shows the direction of the face."""
    brightness = []
    for time_s in (FACING, AWAY):
        pose = CircleWalk().pose(time_s)
        skull_middle = pose.joints[10] - [0, 0, 0.08]
        u, v = pixels_of(view, skull_middle[None])[0]
        brightness.append(float(renderer.render([pose])[v, u].mean()))
    assert brightness[0] > 1.5 * brightness[1]


def test_left_arm_is_right_in_the_image_of_who_faces_the_camera(view: CameraView) -> None:
    for time_s, sign in ((FACING, 1), (AWAY, -1)):
        joints = CircleWalk().pose(time_s).joints
        left, right = pixels_of(view, joints[[13, 16]])
        assert sign * (left[0] - right[0]) > 3


def test_same_arguments_give_the_same_image(renderer: Renderer) -> None:
    pose = CircleWalk().pose(1.0)
    first = renderer.render([pose], seed=3)
    np.testing.assert_array_equal(first, renderer.render([pose], seed=3))
    assert (first != renderer.render([pose], seed=4)).any()


def test_nearer_person_hides_the_farther(renderer: Renderer, view: CameraView) -> None:
    near, far = (CircleWalk(centre=(0.0, y)).pose(1.5) for y in (3.6, 5.0))
    both = renderer.render([far, near])
    np.testing.assert_array_equal(both, renderer.render([near, far]))
    only = renderer.render([near])
    mask = renderer.mask(near)
    u, v = pixels_of(view, near.joints[[7]])[0]
    assert mask[v, u]
    np.testing.assert_array_equal(both[v, u], only[v, u])


def test_depth_camera_sees_the_skin_before_the_joints_and_the_wall_behind(
    renderer: Renderer, view: CameraView
) -> None:
    pose = CircleWalk().pose(FACING)
    depth, mask = renderer.depth([pose]), renderer.mask(pose)
    assert depth.shape == mask.shape == (90, 122)
    u, v = pixels_of(view, pose.joints).T
    flesh = view.to_optical(pose.joints)[:, 2] - depth[v, u]
    assert (flesh > 0.01).all()
    assert np.median(flesh) < 0.12
    empty = renderer.depth([])
    np.testing.assert_array_equal(depth[~mask][:200], empty[~mask][:200])
    assert (depth[mask] < empty[mask] + 1e-3).mean() > 0.95


def test_empty_room_and_a_person_behind_the_camera_look_alike(renderer: Renderer) -> None:
    behind = CircleWalk(centre=(0.0, -4.0)).pose(0.0)
    np.testing.assert_array_equal(renderer.render([]), renderer.render([behind]))


def test_motion_capture_can_be_drawn(mocap, renderer: Renderer, view: CameraView) -> None:
    data = np.load(mocap / "cmu_h36m17_50hz.npz")
    offset = np.array([0.0, 4.0, 0.0]) - data["positions"][100, 0] * [1, 1, 0]
    pose = Pose(
        data["positions"][100] + offset,
        data["head_forward"][100].astype(np.float64),
        data["toes"][100].astype(np.float64) + offset,
    )
    assert 0.8 < Figure(pose).scale < 1.2
    u, v = pixels_of(view, pose.joints).T
    assert renderer.mask(pose)[v, u].mean() > 0.85


def test_pose_of_another_shape_is_refused() -> None:
    with pytest.raises(DiffhpeError, match=r"joints \(17, 3\)"):
        Pose(np.zeros((16, 3)), np.zeros(3), np.zeros((2, 3)))
