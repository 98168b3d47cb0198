"""BlazePose's models on the package's own clip."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from diffhpe_ros.detection import AdaptiveDetector, create_detector
from diffhpe_ros.detection.types import Load
from diffhpe_ros.detection.weights import DETECTION, LANDMARKS, load_weights
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    with VideoReader(walking_clip().video_path) as video:
        return [image for _, _, image in islice(video, 3)]


@pytest.fixture
def all_models() -> None:
    try:
        load_weights(list(LANDMARKS.values()))
    except DiffhpeError as error:
        pytest.skip(str(error))


@pytest.fixture
def only_full(networks, tmp_path, monkeypatch) -> Iterator[Path]:
    """A cache with only the default networks, on a machine without npm."""
    for file, content in zip((DETECTION, LANDMARKS["full"]), networks, strict=True):
        file.path(tmp_path).write_bytes(content)
    monkeypatch.setenv("DIFFHPE_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("model", ["lite", "heavy"])
def test_models_agree_on_an_easy_person(all_models, networks, images, model):
    full = create_detector("blazepose").detect(images[0])
    other = create_detector("blazepose", model=model).detect(images[0])
    distance = np.linalg.norm(other.keypoints[0] - full.keypoints[0], axis=-1)
    assert 0 < np.nanmedian(distance) < 8  # px


def test_auto_is_the_best_until_it_has_to_keep_up(all_models, images):
    auto, heavy = (create_detector("blazepose", model=model) for model in ("auto", "heavy"))
    assert isinstance(auto, AdaptiveDetector)
    assert auto.model_status == "heavy"
    for image in images:
        np.testing.assert_array_equal(auto.detect(image).keypoints, heavy.detect(image).keypoints)
    auto.adapt_to(images_per_s=1e4)
    assert auto.model_status.split(" ")[0] in ("lite", "full")
    assert "(for 10000 images/s; a person takes lite " in auto.model_status
    assert len(auto.detect(images[0])) == 1


def test_auto_is_full_where_the_others_cannot_be_had_and_says_why(only_full, images):
    detector = create_detector("blazepose", model="auto")
    detector.adapt_to(images_per_s=0.1)
    detector.keep_up(Load(0.1, 0.0, 0.01, 1))
    assert detector.model_status.startswith("full (BlazePose needs pose_landmark_lite.tflite and")
    assert "npm is not installed" in detector.model_status
    assert len(detector.detect(images[0])) == 1


def test_chosen_model_that_cannot_be_had_is_an_error(only_full):
    with pytest.raises(DiffhpeError, match="needs pose_landmark_heavy.tflite"):
        create_detector("blazepose", model="heavy")


def test_unknown_model_is_refused():
    with pytest.raises(DiffhpeError, match="one of lite, full, heavy, auto, got 'huge'"):
        create_detector("blazepose", model="huge")


def test_heavy_checks_somebody_of_every_nth_image(all_models, images):
    detector = create_detector("blazepose", check_every=7)
    heavy = create_detector("blazepose", model="heavy", min_confidence=0.0)
    people = [detector.detect(images[k % 2]) for k in range(14)]
    checked = {k: each.check for k, each in enumerate(people) if each.check is not None}
    assert list(checked) == [5, 12]
    assert [(check.images_ago, check.row) for check in checked.values()] == [(5, 0), (5, 0)]
    distance = np.linalg.norm(checked[5].keypoints - heavy.detect(images[0]).keypoints[0], axis=-1)
    assert np.nanmedian(distance) < 3  # px: the region differs
    faster = create_detector("blazepose")
    np.testing.assert_array_equal(people[0].keypoints, faster.detect(images[0]).keypoints)


def test_heavy_does_not_check_itself(all_models, images):
    detector = create_detector("blazepose", model="heavy", check_every=6)
    assert all(detector.detect(images[0]).check is None for _ in range(8))


def test_without_heavy_there_are_no_checks_and_the_status_says_why(only_full, images):
    detector = create_detector("blazepose", check_every=6)
    assert detector.model_status.startswith("full (BlazePose needs pose_landmark_heavy.tflite")
    assert all(detector.detect(images[0]).check is None for _ in range(8))


def test_checks_that_would_overlap_are_refused():
    with pytest.raises(DiffhpeError, match="check_every must be 0 or more than 5, got 5"):
        create_detector("blazepose", check_every=5)
