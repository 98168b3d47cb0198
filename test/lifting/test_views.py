"""The person view: people off the axis look as they would on it."""

import numpy as np
import torch

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.lifting.pipeline.views import PersonView, ScreenView, to_camera_frame


def project(points):
    return CANONICAL_FOCAL * points[..., :2] / points[..., 2:]


def body_at(x: float, y: float, z: float) -> torch.Tensor:
    """(1, 27, 17, 3), points around a hip that does not move."""
    points = 0.3 * torch.randn(1, 27, 17, 3, generator=torch.Generator().manual_seed(0))
    points[:, :, 0] = 0
    return points + torch.tensor([x, y, z])


def test_hip_comes_onto_the_axis():
    turned, _ = PersonView().to_model_view(project(body_at(2.0, -1.0, 4.0)))
    assert turned[:, :, 0].abs().max() < 1e-6


def test_it_is_what_the_turned_camera_sees():
    body = body_at(2.0, -1.0, 4.0)
    turned, rotation = PersonView().to_model_view(project(body))
    torch.testing.assert_close(turned, project(torch.einsum("bij,bltj->blti", rotation, body)))


def test_level_camera_stays_level():
    """The vertical stays in the central plane, so turned people do not lean sideways."""
    _, rotation = PersonView().to_model_view(project(body_at(3.0, 0.5, 4.0)))
    up = rotation[0] @ torch.tensor([0.0, -1.0, 0.0])
    assert abs(up[0]) < 1e-6 and up[1] < 0


def test_poses_turn_back():
    body = body_at(2.0, -1.0, 4.0)
    _, rotation = PersonView().to_model_view(project(body))
    in_person_view = torch.einsum("bij,bltj->blti", rotation, body)
    torch.testing.assert_close(to_camera_frame(in_person_view, rotation), body)


def test_unseen_joints_stay_unseen():
    x_2d = project(body_at(2.0, -1.0, 4.0))
    x_2d[0, 3, 5] = 0
    turned, _ = PersonView().to_model_view(x_2d)
    assert (turned[0, 3, 5] == 0).all()
    assert (turned[0, 4, 5] != 0).all()


def test_without_a_hip_the_seen_joints_tell_the_direction():
    x_2d = project(body_at(2.0, -1.0, 4.0))
    x_2d[:, :, 0] = 0
    turned, _ = PersonView().to_model_view(x_2d)
    assert turned[turned != 0].view(-1, 2).mean(0).abs().max() < 0.1


def test_nothing_seen_is_no_turn():
    turned, rotation = PersonView().to_model_view(torch.zeros(2, 27, 17, 2))
    assert (turned == 0).all()
    torch.testing.assert_close(rotation, torch.eye(3).expand(2, 3, 3))


def test_screen_view_changes_nothing():
    x_2d = project(body_at(2.0, -1.0, 4.0))
    seen, rotation = ScreenView().to_model_view(x_2d)
    assert seen is x_2d
    torch.testing.assert_close(rotation[0], torch.eye(3))


def test_numpy_gives_what_torch_gives(windows):
    """The views are written once, for arrays of both libraries."""
    windows[0] = 0
    windows[1, :, 0] = 0
    expected, rotation = PersonView().to_model_view(windows)
    found, turned = PersonView().to_model_view(windows.numpy())
    assert found.dtype == turned.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(turned, rotation, atol=1e-6)
    back = to_camera_frame(np.ones((4, 27, 17, 3), np.float32), turned)
    np.testing.assert_allclose(back, to_camera_frame(torch.ones(4, 27, 17, 3), rotation), atol=1e-6)
