"""Mistakes in `ros2 launch` arguments are reported before any process starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.launch_arguments import (
    check_arguments,
    existing_file,
    lifter_parameters,
    misspelt_arguments,
    source_parameters,
    window_parameters,
)

MODEL = "diffhpe-wrapper-robust"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"source": "nofile.mp4"}, "an address such as rtsp://"),
        ({"source": "63"}, "there is no /dev/video63"),
        ({"source": "walk.mp4", "calibration": "none.yaml"}, "a file is expected"),
        ({"calibration": __file__}, "give source:="),
        ({"params_file": "/no/such.yaml"}, "there is no file /no/such.yaml"),
        ({"params_file": "/"}, "that is a folder"),
        ({"params_file": __file__}, "YAML"),
        ({"model": "nope"}, f"one of: .*{MODEL}"),
        (
            {"preset": "quick"},
            f"faithful, auto is expected for {MODEL}",
        ),
        ({"detector": "foo"}, "one of blazepose, .*is expected"),
        ({"pose_model": "/no/such.onnx"}, "there is no file"),
        ({"device": "gpu"}, "cpu, cuda, cuda:N or auto is expected"),
        ({"steps": "two"}, "a whole number from 0 to 1000 is expected"),
        ({"hypotheses": "101"}, "a whole number from 0 to 100 is expected"),
        ({"field_of_view": "200"}, "1 to 170 degrees are expected"),
        ({"replay": "yes"}, "true or false is expected"),
        ({"respawn": "1"}, "true or false is expected"),
        ({"log_level": "loud"}, "one of debug, info"),
    ],
)
def test_each_mistake_is_one_line_with_the_name_of_the_argument(
    given: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "walk.mp4").touch()
    with pytest.raises(DiffhpeError, match=expected) as raised:
        check_arguments(dict.fromkeys(("model", "source", "calibration"), "") | given)
    name = list(given)[-1]
    assert str(raised.value).startswith(f"{name}:={given[name]}: ") or name == "calibration"
    assert "\n" not in str(raised.value)


def test_valid_arguments_pass(tmp_path: Path) -> None:
    parameters = tmp_path / "mine.yaml"
    parameters.write_text("/**/lifter:\n  ros__parameters:\n    lag: 3\n")
    check_arguments(
        {
            "source": __file__, "params_file": str(parameters), "model": MODEL, "preset": "fast",
            "device": "cuda:1", "steps": "2", "replay": "True", "detector": "onnx", "depth": "",
        }
    )  # fmt: skip


def test_preset_may_be_chosen_automatically() -> None:
    check_arguments({"preset": "auto"})


def test_argument_that_is_misspelt_is_named_and_one_of_another_launch_file_is_not() -> None:
    given = ["modle:=mixste", "model:=mixste", "robot_name:=spot", "show", "decode:=free"]
    found = misspelt_arguments(given, ["model", "preset", "namespace"])
    assert found == [
        "there is no argument modle; model is one",
        "there is no argument decode: set this parameter in the params_file",
    ]


def test_source_may_be_an_address_or_in_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "my.mp4").touch()
    assert existing_file("~/my.mp4") == str(tmp_path / "my.mp4")
    assert existing_file("$HOME/my.mp4") == str(tmp_path / "my.mp4")
    assert existing_file(f"file://{tmp_path}/my.mp4") == str(tmp_path / "my.mp4")
    assert source_parameters("~/my.mp4") == {"path": str(tmp_path / "my.mp4")}
    for address in ("rtsp://user:word@10.0.0.2:554/1", "http://robot/clip.mp4"):
        assert source_parameters(address) == {"path": address}


def test_model_without_presets_of_its_own_leaves_the_name_to_the_node() -> None:
    check_arguments({"model": "mixste", "preset": "whatever"})


def test_parameter_file_counts_where_no_argument_is_given(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("/**/lifter: {ros__parameters: {model: mixste, motion_frame: odom, imu: true}}")
    given = {"params_file": str(file), "preset": "whatever", "motion_frame": "map", "imu": ""}
    check_arguments(given)
    found = lifter_parameters(given)
    assert [found[name] for name in ("model", "motion_frame", "imu", "target_frame")] == [
        "mixste", "map", True, "",
    ]  # fmt: skip


def test_windows_are_those_of_the_chosen_model() -> None:
    assert window_parameters({"model": "mixste"}) == {"rate": 50.0, "first_rate": 50.0}
    assert window_parameters({"model": MODEL}) == {"rate": 30.0, "first_rate": 50.0}
    assert window_parameters({"model": ""}) == {}


def test_model_of_a_parameter_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("robot: {lifter: {ros__parameters: {model: nope}}}")
    check_arguments({"params_file": str(file)})
    with pytest.raises(DiffhpeError, match=f"params_file:={file}: unknown model 'nope'"):
        check_arguments({"params_file": str(file), "namespace": "/robot/"})


def test_launch_imports_nothing_that_only_the_nodes_need() -> None:
    heavy = "{'torch', 'scipy', 'av', 'ai_edge_litert', 'onnxruntime', 'matplotlib', 'rclpy'}"
    code = f"import sys, diffhpe_ros.launch_arguments; print({heavy} & sys.modules.keys())"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
