"""From the parameters of the node `detector` to the detector."""

import pytest

from diffhpe_ros.detection import Detector, detector_from_settings
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.parameters.tables import DetectorParameters


def make(**values: object) -> Detector:
    parameters = DetectorParameters(**values)
    return detector_from_settings(parameters.detector, parameters.detector_settings)


@pytest.mark.parametrize(
    ("runtime", "device"),
    [("litert", "cpu (LiteRT)"), ("onnx", "CPUExecutionProvider (onnxruntime)")],
)
def test_blazepose_runs_on_the_runtime_of_the_parameter(runtime: str, device: str) -> None:
    assert make(runtime=runtime, providers="CPUExecutionProvider").device == device


def test_providers_are_separated_by_commas() -> None:
    with pytest.warns(RuntimeWarning, match="cannot use None such and runs on CPU"):
        make(runtime="onnx", providers="None such, CPUExecutionProvider,")


def test_parameters_of_other_detectors_are_ignored() -> None:
    assert make(person_model="yolox.onnx", pose_config="hrnet.py").name == "blazepose"


def test_providers_are_not_ignored_by_a_detector_without_them() -> None:
    with pytest.raises(DiffhpeError, match="detector mmpose has no option providers"):
        make(detector="mmpose", providers="CUDAExecutionProvider")


def test_a_missing_model_file_is_named() -> None:
    with pytest.raises(DiffhpeError, match="detector onnx needs the option pose_model"):
        make(detector="onnx", person_model="yolox.onnx")
