"""The clip that comes with the package, and the files it is made of."""

from pathlib import Path

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.rendering.__main__ import FPS, WALK, clip_view
from diffhpe_ros.rendering.clip import Clip, walking_clip
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.video import VideoReader


@pytest.fixture(scope="module")
def clip() -> Clip:
    return walking_clip()


@pytest.fixture(scope="module")
def frames(clip: Clip) -> list[np.ndarray]:
    with VideoReader(clip.video_path) as video:
        return [image for _, _, image in video]


def test_every_frame_has_its_truth(clip: Clip, frames: list[np.ndarray]) -> None:
    assert len(frames) == len(clip.joints) == 180
    assert clip.joints.dtype == np.float32
    assert clip.fps == 30.0
    assert frames[0].shape == (clip.camera.height, clip.camera.width, 3)
    assert clip.video_path.stat().st_size < 1_500_000


def test_person_is_in_the_image_three_to_five_metres_away(clip: Clip) -> None:
    pixels = clip.camera.project(clip.joints)
    assert (pixels > 10).all()
    assert (pixels < np.array([clip.camera.width, clip.camera.height]) - 10).all()
    assert 2.8 < clip.joints[:, 0, 2].min() < 3.5
    assert 4.5 < clip.joints[:, 0, 2].max() < 5.2


@pytest.mark.parametrize("frame", [10, 100])
def test_encoded_frame_is_what_the_recipe_renders(
    clip: Clip, frames: list[np.ndarray], frame: int
) -> None:
    view, pose = clip_view(), WALK.pose(frame / FPS)
    np.testing.assert_allclose(view.to_optical(pose.joints), clip.joints[frame], atol=1e-5)
    rendered = Renderer(view, samples=1).render([pose]).astype(float)
    left, top = clip.camera.project(clip.joints[frame]).min(0).astype(int) - 20
    right, bottom = clip.camera.project(clip.joints[frame]).max(0).astype(int) + 20
    box = np.s_[top:bottom, left:right]
    assert np.abs(rendered[box] - frames[frame][box]).mean() < 6


def test_missing_and_broken_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(DiffhpeError, match="no clip at"):
        walking_clip(tmp_path)
    (tmp_path / "walk.mp4").write_bytes(b"no video")
    with pytest.raises(DiffhpeError, match="truth"):
        walking_clip(tmp_path)
