"""Fixtures of the tests that train."""

import numpy as np
import pytest
from walk_recording import write_walk


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Overrides that name two small files in the format of the real ones."""
    folder = tmp_path_factory.mktemp("data")
    write_walk(folder)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 27, 17, 2)).astype(np.float32)
    y = rng.normal(size=(6, 27, 17, 3)).astype(np.float32)
    np.savez(folder / "validation.npz", x=x, y=y - y[:, :, :1])
    return [f"data.mocap={folder}/mocap.npz", f"data.validation={folder}/validation.npz"]
