"""Model folders that cannot be used are named by launching and by lifting, in the same line."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.installed_models import find_model
from diffhpe_ros.launch_arguments import check_arguments
from diffhpe_ros.lifting import Lifter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_model("mixste"), tmp_path / "mine"))


def check_refused(model: Path, line: str) -> None:
    with pytest.raises(DiffhpeError) as raised:
        Lifter.from_pretrained(model, device="cpu")
    assert re.fullmatch(line, str(raised.value))
    with pytest.raises(DiffhpeError) as raised:
        check_arguments({"model": str(model)})
    assert re.fullmatch(f"model:={model}: {line}", str(raised.value))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- 1", "expected a mapping, found list"),
        (b"a: [1", r"not readable as YAML \(.+\)"),
        (b"\xff\xfe\x00\xd8", r"not readable as YAML \(.+\)"),
        (b"day: 2026-99-99", r"not readable as YAML \(month must be .+\)"),
        (b"", "expected a mapping, found NoneType"),
    ],
)
def test_damaged_configuration_is_named(folder: Path, content: bytes, message: str) -> None:
    (folder / "config.yaml").write_bytes(content)
    check_refused(folder, f"{folder}/config.yaml: {message}")


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        *(
            ({"rate": rate}, f"rate is {rate!r}; 13 to 1000 is expected")
            for rate in (5, 0, -30, float("nan"), float("inf"), True, "30", None)
        ),
        *(
            ({"first_rate": rate}, f"first_rate is {rate!r}; 50 to 1000 is expected")
            for rate in (20, 5000, 0, float("nan"), True, "60")
        ),
    ],
)
def test_rates_that_no_window_has_are_named(
    folder: Path, rates: dict[str, object], message: str
) -> None:
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | rates))
    check_refused(folder, f"{file}: {message}")


@pytest.mark.parametrize("name", ["config.yaml", "model.safetensors"])
def test_folder_without_one_of_its_files_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    check_refused(folder, f"{folder} is not a model folder: {name} is missing")


def test_file_of_a_model_folder_is_no_model(folder: Path) -> None:
    file = folder / "model.safetensors"
    check_refused(file, f"{file} is one file of a model; name its folder: {folder}")
