"""BlazePose on both runtimes, and the choice between them."""

import sys
import warnings

import numpy as np
import pytest

from diffhpe_ros.detection import Detector, create_detector
from diffhpe_ros.detection.blazepose.networks import open_networks
from diffhpe_ros.errors import DiffhpeError

ON_LITERT = "cpu (LiteRT)"
ON_CPU = "CPUExecutionProvider (onnxruntime)"


@pytest.fixture
def detectors(networks) -> list[Detector]:
    """BlazePose on LiteRT and on onnxruntime, both on the CPU."""
    providers = ["CPUExecutionProvider"]
    return [
        create_detector("blazepose", runtime="litert"),
        create_detector("blazepose", runtime="onnx", providers=providers),
    ]


def test_detector_says_what_it_runs_on(detectors):
    assert [detector.device for detector in detectors] == [ON_LITERT, ON_CPU]


@pytest.mark.parametrize("camera", range(4))
def test_joints_of_an_image_are_the_same_on_both(detectors, view, camera):
    litert, onnx = (detector.detect(view(camera).frames[0]) for detector in detectors)
    np.testing.assert_allclose(onnx.keypoints, litert.keypoints, atol=0.2)  # px
    np.testing.assert_allclose(onnx.confidence, litert.confidence, atol=1e-3)


@pytest.mark.parametrize("camera", range(4))
def test_video_has_the_same_errors_on_both(detectors, view, camera):
    """The joints determine the next region, so tracking magnifies tiny differences to a pixel."""
    litert, onnx = (
        np.stack([detector.detect(frame).keypoints[0] for frame in view(camera).frames])
        for detector in detectors
    )
    distance = np.linalg.norm(onnx - litert, axis=-1)
    assert np.nanmedian(distance) < 0.005 * view(camera).height
    errors = [np.nanmedian(view(camera).error(keypoints)) for keypoints in (litert, onnx)]
    assert abs(errors[0] - errors[1]) < 0.001
    np.testing.assert_array_equal(np.isnan(onnx[0]), np.isnan(litert[0]))


def test_auto_takes_litert_where_onnxruntime_offers_the_cpu_alone(networks, monkeypatch):
    offer(monkeypatch, "CPUExecutionProvider")
    assert open_networks("auto", 1, None).device == ON_LITERT
    assert open_networks("auto", 1, ["CPUExecutionProvider"]).device == ON_LITERT


def test_auto_takes_litert_where_there_is_no_onnxruntime(networks, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_networks("auto", 1, None).device == ON_LITERT


@pytest.mark.filterwarnings("ignore:BlazePose runs on LiteRT:RuntimeWarning")
def test_auto_says_why_where_a_gpu_is_asked_for_that_onnxruntime_does_not_offer(networks):
    with pytest.warns(RuntimeWarning, match="onnxruntime cannot use None such"):
        opened = open_networks("auto", 1, ["None such"])
    assert opened.device == f"{ON_LITERT}, not on a GPU: onnxruntime uses {ON_CPU}"


@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")  # of onnxruntime itself
@pytest.mark.filterwarnings("ignore:onnxruntime cannot use:RuntimeWarning")
def test_auto_takes_litert_where_cuda_is_offered_but_does_not_work(networks, monkeypatch):
    # As if onnxruntime-gpu found no driver: it lists CUDA, but the session runs without it.
    offer(monkeypatch, "CUDAExecutionProvider", "CPUExecutionProvider")
    with pytest.warns(RuntimeWarning, match="BlazePose runs on LiteRT: onnxruntime uses CPU"):
        opened = open_networks("auto", 1, None)
    assert opened.device == f"{ON_LITERT}, not on a GPU: onnxruntime uses {ON_CPU}"


def test_onnx_where_it_cannot_be_is_an_error(networks, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DiffhpeError, match="pip install onnxruntime"):
        open_networks("onnx", 1, None)


def test_unknown_runtime_is_refused():
    with pytest.raises(
        DiffhpeError, match="runtime must be one of auto, litert, onnx, got 'torch'"
    ):
        open_networks("torch", 1, None)


def offer(monkeypatch: pytest.MonkeyPatch, *providers: str) -> None:
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(providers))
