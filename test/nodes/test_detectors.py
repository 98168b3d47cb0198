"""From the detector's parameters to the detector."""

import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.detectors import make_detector
from diffhpe_ros.nodes.parameters.tables import DetectorParameters


@pytest.mark.parametrize(
    ("runtime", "device"),
    [("litert", "cpu (LiteRT)"), ("onnx", "CPUExecutionProvider (onnxruntime)")],
)
def test_blazepose_runs_on_the_runtime_that_is_asked_for(runtime: str, device: str) -> None:
    parameters = DetectorParameters(runtime=runtime, providers="CPUExecutionProvider")
    assert make_detector(parameters).device == device


def test_providers_are_separated_by_commas() -> None:
    parameters = DetectorParameters(runtime="onnx", providers="None such, CPUExecutionProvider,")
    with pytest.warns(RuntimeWarning, match="does not give None such and runs on CPU"):
        make_detector(parameters)


def test_a_detector_without_providers_says_so() -> None:
    parameters = DetectorParameters(detector="mmpose", providers="CUDAExecutionProvider")
    with pytest.raises(DiffhpeError, match="detector mmpose has no option providers"):
        make_detector(parameters)
