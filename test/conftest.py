"""Fixtures that every room's tests share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


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
