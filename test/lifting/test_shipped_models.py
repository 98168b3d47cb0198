"""The weights that come with the package, on the walking person whose joints are known."""

import numpy as np
import pytest

from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.paths import models_folders
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.windows import windows_of_track

MODELS = sorted(file.parent.name for file in models_folders()[0].glob("*/config.yaml"))


def test_default_model_is_shipped():
    assert DEFAULT_MODEL in MODELS


@pytest.mark.parametrize("name", MODELS)
def test_shipped_models_lift(name):
    clip = walking_clip()
    times = np.arange(len(clip.joints)) / clip.fps
    canonical = clip.camera.to_canonical(clip.camera.project(clip.joints))
    windows = windows_of_track(times, canonical, np.ones(canonical.shape[:2]), stride=27)
    lifter = Lifter.from_pretrained(name)
    result = lifter.lift(np.nan_to_num(windows.keypoints))
    poses = windows.to_track(result.poses)
    error = np.linalg.norm(poses - (clip.joints - clip.joints[:, :1]), axis=-1).mean()
    assert error < 0.07
    assert result.hypotheses.shape[1] == lifter.hypotheses
    # The covariance contains the validation's residual: no joint except the root is certain.
    assert np.linalg.eigvalsh(result.covariance[:, :, 1:]).min() > 1e-6
