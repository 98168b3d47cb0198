"""The package's own clip, and an estimator of the people in it."""

from collections.abc import Callable, Mapping
from functools import partial

import pytest

from diffhpe_ros.detection import Detector, create_detector
from diffhpe_ros.view import ImageSource, Settings, choose_source
from diffhpe_ros.view.estimator import Estimator


@pytest.fixture(scope="session")
def source() -> ImageSource:
    return choose_source()


@pytest.fixture(scope="session")
def detectors() -> Mapping[str, Callable[[], Detector]]:
    return {"blazepose": partial(create_detector, "blazepose")}


@pytest.fixture
def estimator(loaded: Estimator) -> Estimator:
    """The estimator, reset to its initial state."""
    loaded.use(Settings())
    loaded.reset()
    return loaded


@pytest.fixture(scope="session")
def loaded(source: ImageSource, detectors: Mapping[str, Callable[[], Detector]]) -> Estimator:
    return Estimator(detectors, Settings(), camera=source.camera)
