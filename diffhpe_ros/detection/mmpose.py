"""The detector `mmpose`: top-down with a pose model of mmpose, which is imported only here.

mmpose is hardly maintained and needs an mmcv built by hand, so it is not a dependency. docs/ros.md
says how to install it. Its models run on torch, which no other detector uses.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.assemble import Joints
from diffhpe_ros.detection.onnx.person_models import PersonModel
from diffhpe_ros.detection.onnx.topdown import TopDown
from diffhpe_ros.detection.types import check_options
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.onnx_session import OnnxModel
from diffhpe_ros.paths import expand

_PARTS = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_COCO = ("nose", *(f"{side}_{part}" for part in _PARTS for side in ("left", "right")))
_FEET = tuple(f"{side}_{part}" for part in ("big_toe", "small_toe", "heel")
              for side in ("left", "right"))  # fmt: skip
_RIGHT_LEG, _LEFT_LEG = (
    tuple(f"{side}_{part}" for part in ("hip", "knee", "foot")) for side in ("right", "left")
)
_LEFT_ARM, _RIGHT_ARM = (
    tuple(f"{side}_{part}" for part in ("shoulder", "elbow", "wrist")) for side in ("left", "right")
)
_SPINE = ("spine", "thorax", "neck_base", "head")
_LAYOUTS: Mapping[tuple[str, ...], str] = MappingProxyType(
    {
        _COCO: "coco17",
        (*_COCO, "head", "neck", "hip", *_FEET): "halpe26",
        ("root", *_RIGHT_LEG, *_LEFT_LEG, *_SPINE, *_LEFT_ARM, *_RIGHT_ARM): "h36m17",
    }
)
"""mmpose's joint names, in its order → the layout. The number of joints is not enough: PoseTrack's
17 joints are not COCO's."""


def mmpose_topdown(
    person_model: str | Path,
    pose_config: str | Path,
    pose_model: str | Path,
    trust_checkpoint: bool = False,
    device: str = "auto",
    threads: int | None = None,
    person_threshold: float = 0.4,
    min_confidence: float = 0.3,
    max_people: int = 8,
) -> TopDown:
    """Open a person model and a top-down pose model of mmpose.

    Args:
        person_model: .onnx file of a YOLOX or an RTMDet.
        pose_config: mmpose's .py file of the pose model.
        pose_model: its checkpoint, .pth.
        trust_checkpoint: whether config and checkpoint may run code. A config is Python and a
            checkpoint is a pickle, so both can run any code of their author. Without this
            permission neither is read.
        device: runs the pose model; `auto` is `cuda` where torch has it, else `cpu`.
        threads: CPU threads per operator, and of torch in this process; None keeps the defaults.
        person_threshold: score from which a box counts as a person.
        min_confidence: joints below it count as unseen.
        max_people: only this many of the surest people are processed, to bound a frame's time.

    Raises:
        DiffhpeError: an option is out of range, the files are not trusted, mmpose or onnxruntime
            is not installed, or a file is missing or not of the expected kind.
    """
    check_options(threads)
    files = _existing("pose_config", pose_config), _existing("pose_model", pose_model)
    if trust_checkpoint is not True:
        raise DiffhpeError(
            "detector mmpose executes its config and unpickles its checkpoint, and both may run"
            f" any code: set trust_checkpoint to true if you trust the makers of {files[0]} and"
            f" {files[1]}"
        )
    person = PersonModel(OnnxModel(person_model, threads=threads), person_threshold)
    return TopDown("mmpose", person, MMPose(*files, device, threads), min_confidence, max_people)


class MMPose:
    """Joints by a top-down estimator of mmpose, without covariance.

    Args:
        config: trusted .py file.
        checkpoint: trusted .pth file.
        device: `auto`, or a torch device name.
        threads: torch's threads in this process; None keeps the default.

    Raises:
        DiffhpeError: mmpose is not installed, or the files are not of the expected kind.
    """

    def __init__(self, config: Path, checkpoint: Path, device: str, threads: int | None) -> None:
        with _in_one_line(
            "detector mmpose needs mmpose 1.3.2 with mmengine 0.10.7, mmdet 3.3.0 and mmcv 2.1.0"
            " built from source (docs/ros.md, The detector mmpose)"
        ):
            import torch
            from mmpose.apis import inference_topdown, init_model
            from mmpose.models import TopdownPoseEstimator
        if threads:
            torch.set_num_threads(threads)
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        with _in_one_line(f"mmpose cannot make a model from {config} on {device}"):
            self._model = init_model(str(config), device=device)
        if not isinstance(self._model, TopdownPoseEstimator):
            raise DiffhpeError(
                f"{config} makes a {type(self._model).__name__}; expected a TopdownPoseEstimator"
            )
        with _in_one_line(f"{checkpoint} is not a checkpoint of mmpose"):
            content = torch.load(checkpoint, map_location=device, weights_only=False)
            state = content.get("state_dict", content)
        with _in_one_line(f"{checkpoint} does not fit {config}"):
            self._model.load_state_dict(state)
        meta = content.get("meta", {}).get("dataset_meta", self._model.dataset_meta)
        self._model.dataset_meta = meta
        self._infer = inference_topdown
        self.layout = _layout(meta, config)
        self.device = device

    def estimate(self, image_bgr: NDArray[np.uint8], boxes: NDArray[np.float32]) -> list[Joints]:
        """Joints of the people in boxes (P, 4) x0 y0 x1 y1 of an image (H, W, 3)."""
        with _in_one_line("mmpose failed"):
            found = [each.pred_instances for each in self._infer(self._model, image_bgr, boxes)]
        return [
            Joints(one.keypoints[0], one.keypoint_scores[0], _unknown(one.keypoints.shape[1]))
            for one in found
        ]


def _layout(meta: Mapping[str, Any], config: Path) -> str:
    names = tuple(name for _, name in sorted(meta["keypoint_id2name"].items()))
    if names not in _LAYOUTS:
        raise DiffhpeError(
            f"{config} has {len(names)} joints, {', '.join(names[:3])}, ...; expected those of"
            " COCO (17), Halpe (26) or Human3.6M (17) in mmpose's order"
        )
    return _LAYOUTS[names]


def _unknown(joints: int) -> NDArray[np.float64]:
    return np.full((joints, 2, 2), np.nan)


def _existing(option: str, given: str | Path) -> Path:
    path = Path(expand(str(given)))
    if not path.is_file():
        raise DiffhpeError(f"{option} of detector mmpose: there is no file {str(given)!r}")
    return path


@contextmanager
def _in_one_line(what: str) -> Iterator[None]:
    """Report a failure in one line: mmpose raises many kinds of exceptions."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise DiffhpeError(f"{what}: {reason}") from error
