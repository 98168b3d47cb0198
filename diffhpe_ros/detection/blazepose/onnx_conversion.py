"""BlazePose's networks as ONNX files, converted once and cached next to the weights.

`python -m diffhpe_ros.detection.blazepose.onnx_conversion` converts them ahead of time and prints
their paths. Use it for a computer without internet access, or without the packages that the
conversion needs. With `heavy` or `lite` as arguments it converts those models.
"""

import hashlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from diffhpe_ros.detection.blazepose.landmarks import LANDMARK_OUTPUTS
from diffhpe_ros.detection.blazepose.network import Outputs
from diffhpe_ros.detection.blazepose.regions import REGION_OUTPUTS
from diffhpe_ros.detection.weights import (
    DETECTION,
    LANDMARKS,
    WeightFile,
    cache_folder,
    load_weights,
)
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import replacing

_LOG = logging.getLogger(__name__)

CONVERTER_VERSION = 1
"""Version of `tflite_onnx`: with a new version all files are converted again."""


def blazepose_onnx(models: Sequence[str] = ("full",)) -> list[Path]:
    """The files of the person detection network and of landmark networks, converted if needed.

    If all files are cached, nothing else is needed: no .tflite file, no ai-edge-litert, no onnx.

    Args:
        models: landmark models, keys of `weights.LANDMARKS`.

    Raises:
        DiffhpeError: a conversion is needed, and a package or the weights are missing, or the
            cache cannot be written.
    """
    landmarks = [(LANDMARKS[model], LANDMARK_OUTPUTS) for model in models]
    wanted = [(DETECTION, REGION_OUTPUTS), *landmarks]
    paths = [converted_path(source, outputs) for source, outputs in wanted]
    missing = [each for each, path in zip(wanted, paths, strict=True) if not path.is_file()]
    weights = load_weights([source for source, _ in missing])
    for model, (source, outputs) in zip(weights, missing, strict=True):
        path, content = converted_path(source, outputs), _convert(model, source, outputs)
        _LOG.info("BlazePose as ONNX: %s", path)
        with replacing(path) as file:
            file.write(content)
    return paths


def converted_path(source: WeightFile, outputs: Outputs) -> Path:
    """The cache path of a converted network, unique to its source, outputs and converter."""
    made_of = repr((source.sha256, sorted(outputs), CONVERTER_VERSION))
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:12]
    return source.path(cache_folder()).with_suffix(f".{digest}.onnx")


def _convert(model: bytes, source: WeightFile, outputs: Outputs) -> bytes:
    try:
        from diffhpe_ros.detection.blazepose.tflite_graph import keep_outputs
        from diffhpe_ros.detection.blazepose.tflite_onnx import tflite_to_onnx
    except ImportError as error:
        raise DiffhpeError(
            "the one-time conversion of BlazePose to ONNX needs ai-edge-litert and onnx (pip"
            f" install ai-edge-litert onnx): {error}"
        ) from None
    metadata = {"source_sha256": source.sha256, "converter_version": str(CONVERTER_VERSION)}
    return tflite_to_onnx(keep_outputs(model, outputs), metadata)


if __name__ == "__main__":
    try:
        print(*blazepose_onnx(sys.argv[1:] or ["full"]), sep="\n")
    except DiffhpeError as failure:
        sys.exit(f"error: {failure}")
