"""The mmpose detector: refused inputs and, if mmpose is installed, a model of random weights."""

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest

from diffhpe_ros.detection import create_detector
from diffhpe_ros.errors import DiffhpeError

HAS_MMPOSE = importlib.util.find_spec("mmpose") is not None
HRNET = "body_2d_keypoint/topdown_heatmap/{0}/td-hm_hrnet-w32_8xb64-{1}.py"
RTMPOSE = "body_2d_keypoint/rtmpose/body8/rtmpose-t_8xb1024-700e_body8-halpe26-256x192.py"
CONFIGS = {
    "coco17": HRNET.format("coco", "210e_coco-256x192"),
    "halpe26": RTMPOSE,
    "crowdpose": HRNET.format("crowdpose", "210e_crowdpose-256x192"),
}
needs_mmpose = pytest.mark.skipif(
    not HAS_MMPOSE, reason="no mmpose (docs/ros.md, The detector mmpose, says how to install it)"
)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A config and a checkpoint that would each create a file if they were read."""
    config, checkpoint = tmp_path / "config.py", tmp_path / "model.pth"
    config.write_text(f"open({str(tmp_path / 'trace')!r}, 'w')\n")
    checkpoint.write_bytes(pickle.dumps(Trace(tmp_path / "trace")))
    return {"pose_config": config, "pose_model": checkpoint}


class Trace:
    """Creates a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_untrusted_files_are_not_read(files, tmp_path: Path) -> None:
    with pytest.raises(DiffhpeError, match="set trust_checkpoint to true if you trust"):
        create_detector("mmpose", person_model="person.onnx", **files)
    assert not (tmp_path / "trace").exists()


def test_missing_files_are_named(files) -> None:
    files["pose_model"] = Path("nowhere.pth")
    with pytest.raises(DiffhpeError, match=r"^pose_model of .* no file 'nowhere\.pth'"):
        create_detector("mmpose", person_model="person.onnx", trust_checkpoint=True, **files)


def test_missing_options_are_named() -> None:
    with pytest.raises(DiffhpeError, match="needs the option person_model, pose_config, pose_mod"):
        create_detector("mmpose")


@pytest.mark.skipif(HAS_MMPOSE, reason="mmpose is installed")
def test_missing_mmpose_is_named_with_its_versions(files, shared_data: Path) -> None:
    person = shared_data / "onnx" / "yolox_nano_coco.onnx"
    with pytest.raises(DiffhpeError, match=r"needs mmpose 1\.3\.2 .* mmcv 2\.1\.0 .*docs/ros\.md"):
        create_detector("mmpose", person_model=person, trust_checkpoint=True, **files)


def configs() -> Path:
    """The folder of mmpose's own configs."""
    import mmpose

    return Path(mmpose.__file__).parent / ".mim" / "configs"


@pytest.fixture(scope="session")
def make(shared_data, tmp_path_factory):
    """Creates the detector of one of mmpose's own configs, with random weights."""
    import torch
    from mmpose.apis import init_model

    folder = tmp_path_factory.mktemp("mmpose")

    def make(layout: str, weights_of: str | None = None, **options):
        torch.manual_seed(0)
        model = init_model(str(configs() / CONFIGS[weights_of or layout]), device="cpu")
        torch.save({"state_dict": model.state_dict(), "meta": {}}, folder / "model.pth")
        return create_detector(
            "mmpose",
            person_model=shared_data / "onnx" / "yolox_nano_coco.onnx",
            pose_config=configs() / CONFIGS[layout],
            pose_model=folder / "model.pth",
            trust_checkpoint=True,
            device="cpu",
            **options,
        )

    return make


@needs_mmpose
@pytest.mark.slow
@pytest.mark.parametrize("layout", ["coco17", "halpe26"])
def test_everybody_gets_joints_in_the_box(make, two_people, layout: str) -> None:
    detector = make(layout, min_confidence=0.0)
    people = detector.detect(two_people[0])
    assert len(people) == 2
    assert detector.name == "mmpose"
    assert detector.device == "CPUExecutionProvider and cpu"
    assert np.isnan(people.covariance).all()
    seen = people.confidence > 0
    assert seen.any(1).all()
    assert np.isfinite(people.keypoints[seen]).all()
    centres = np.nanmean(people.keypoints, axis=1)
    man, woman = centres[np.argsort(centres[:, 0])]
    assert 400 < man[0] < 860
    assert 1000 < woman[0] < 1600


@needs_mmpose
def test_image_without_people_has_nobody(make) -> None:
    assert len(make("halpe26").detect(np.zeros((480, 640, 3), np.uint8))) == 0


@needs_mmpose
def test_other_skeletons_are_refused(make) -> None:
    with pytest.raises(DiffhpeError, match="has 14 joints, left_shoulder, .*; expected those of"):
        make("crowdpose")


@needs_mmpose
def test_weights_of_another_model_are_refused(make) -> None:
    with pytest.raises(DiffhpeError, match=r"model\.pth does not fit .*td-hm_hrnet-w32"):
        make("coco17", weights_of="halpe26")


@needs_mmpose
@pytest.mark.parametrize(("dataset", "layout"), [("coco", "coco17"), ("h36m", "h36m17")])
def test_checkpoint_says_whose_joints_it_has(tmp_path, dataset, layout) -> None:
    import torch
    from mmpose.apis import init_model
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    from diffhpe_ros.detection.mmpose import MMPose

    config = configs() / CONFIGS["coco17"]
    meta = parse_pose_metainfo({"from_file": f"configs/_base_/datasets/{dataset}.py"})
    weights = init_model(str(config), device="cpu").state_dict()
    torch.save({"state_dict": weights, "meta": {"dataset_meta": meta}}, tmp_path / "model.pth")
    assert MMPose(config, tmp_path / "model.pth", "cpu", threads=None).layout == layout
