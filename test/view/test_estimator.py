"""Settings change between two images."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from diffhpe_ros.detection import Detector
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.pipeline import PosePipeline
from diffhpe_ros.view import ImageSource, Settings
from diffhpe_ros.view.engines import engines_text
from diffhpe_ros.view.estimator import Estimate, Estimator, settings_with
from diffhpe_ros.view.recordings import Recording
from diffhpe_ros.view.table import people_table


def run(estimator: Estimator, source: ImageSource, images: range) -> Estimate:
    assert isinstance(source.images, Recording)
    for index in images:
        stamp_ns = int(source.images.stamps_ns[index])
        estimate = estimator.estimate(source.images.image(index), stamp_ns)
    return estimate


def test_estimates_are_those_of_the_pose_pipeline(
    estimator: Estimator, source: ImageSource
) -> None:
    found = run(estimator, source, range(18)).people
    pipeline = PosePipeline.from_pretrained(camera=source.camera)
    assert isinstance(source.images, Recording)
    for index in range(18):
        people = pipeline(source.images.image(index), int(source.images.stamps_ns[index]))
    assert len(found) == 1
    assert np.array_equal(found.joints, people.joints)


def test_another_model_keeps_track_and_window(estimator: Estimator, source: ImageSource) -> None:
    before = run(estimator, source, range(18)).people
    estimator.use(settings_with(estimator.settings, "model", "mixste-robust"))
    after = run(estimator, source, range(18, 19)).people
    assert after.track_ids == before.track_ids == (0,)
    assert "mixste-robust, engine" in engines_text(estimator)
    assert "this model gives one pose" in engines_text(estimator)


def test_engine_and_its_reason_are_told(estimator: Estimator) -> None:
    text = engines_text(estimator)
    assert "blazepose on cpu (LiteRT)" in text
    assert "fast: ddim, 1 step, 1 hypothesis" in text
    assert "**Why:** " in text


def test_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DiffhpeError, match="there is no setting 'colour'"):
        settings_with(Settings(), "colour", 1)


def test_preset_that_the_model_does_not_have_is_refused(
    detectors: Mapping[str, Callable[[], Detector]],
) -> None:
    with pytest.raises(DiffhpeError, match="unknown preset 'quick'; expected one of fast"):
        Estimator(detectors, Settings(preset="quick"))


def test_table_has_a_row_for_each_person(estimator: Estimator, source: ImageSource) -> None:
    assert "Waiting for the first full window." in people_table(run(estimator, source, range(3)))
    estimator.reset()
    table = people_table(run(estimator, source, range(18)))
    assert "#0" in table
    assert " mm" in table
