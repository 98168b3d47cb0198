"""Fixtures that all tests share."""

import os
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest
from standing import STANDING

ROOT = Path(__file__).resolve().parent.parent

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # In a shell's background job SIGINT is ignored, also by the programs that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)

if find_spec("triton") is not None:  # part of torch's CUDA builds
    import torch

    if not torch.cuda.is_available():
        # Read when triton is imported, which torch's modules do.
        os.environ["TRITON_INTERPRET"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files with slow tests first, so that both processes stay busy until the end."""
    slow = {item.path for item in items if any(map(item.get_closest_marker, ("ros", "slow")))}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def mocap() -> Path:
    """The folder of small motion capture and evaluation files, see test/data/README.md."""
    return ROOT / "test" / "data" / "mocap"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with motion capture, real video and ONNX models, which is not committed."""
    folder = Path(os.environ.get("DIFFHPE_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder} (set DIFFHPE_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def standing_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small MixSTE that returns a standing person for any window.

    Its embedding is 0, so its features depend only on the joint, and its head maps them to
    `STANDING`, without an error.
    """
    import torch

    from diffhpe_ros.lifting import ModelConfig, build_model, save_model
    from diffhpe_ros.lifting.checkpoints.configuration import TrunkConfig

    torch.manual_seed(0)
    config = ModelConfig(
        "mixste", "screen", rate=30.0, first_rate=50.0, trunk=TrunkConfig(channels=32, depth=1),
        residual_std_mm=((0.0, 0.0, 0.0),) * 17,
    )  # fmt: skip
    model = build_model(config).eval()
    with torch.no_grad():
        model.trunk.embed.weight.zero_()
        model.trunk.spatial_position.normal_()
        features = model.trunk(torch.zeros(1, 27, 17, 2))[0, 0]
        model.head.bias.zero_()
        model.head.weight.copy_(torch.linalg.lstsq(features, torch.tensor(STANDING)).solution.T)
    folder = tmp_path_factory.mktemp("models") / "standing"
    save_model(model, config, folder)
    return folder
