"""Weights that do not fit their model are refused, and the error names them."""

import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.installed_models import find_model
from diffhpe_ros.lifting import Lifter, load_model
from diffhpe_ros.lifting.checkpoints.stored import read_model
from diffhpe_ros.lifting.engines.folding.networks import fold_weights
from diffhpe_ros.lifting.weights import WeightsError

HEAD = np.zeros((3, 64), np.float32)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"head.bias": None}, "head.bias is missing"),
        ({"head.weight": HEAD.T}, r"head.weight is \(64, 3\), expected \(3, 64\)"),
        ({"tail.weight": HEAD}, "unexpected tail.weight"),
    ],
)
def test_wrong_weights_are_named(changes, reason):
    config, weights = read_model("mixste")
    changed = {**weights, **changes}
    changed = {name: value for name, value in changed.items() if value is not None}
    with pytest.raises(WeightsError, match=f"the weights do not fit the model: {reason}"):
        fold_weights(config, changed)


@pytest.mark.parametrize("load", [Lifter.from_pretrained, load_model])
def test_the_folder_is_named_too(load, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(find_model("mixste"), folder)
    weights = load_file(folder / "model.safetensors")
    del weights["head.bias"]
    save_file(weights, folder / "model.safetensors")
    (folder / "model.safetensors.sha256").unlink()
    with pytest.raises(DiffhpeError, match=f"{folder}: the weights do not fit the model: .*head.b"):
        load(folder)
