"""Failures of configure, live parameters, and a device that fails."""

import itertools
import shutil
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from diagnostic_msgs.msg import DiagnosticStatus
from graph import Graph, activate
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2
from standing import standing_windows

from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.windows import pack_windows
from diffhpe_ros.nodes.model_loading import LoadedModel, load
from diffhpe_ros.nodes.parameters.tables import LifterParameters

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]
SUCCESS, FAILURE, ERROR = (
    TransitionCallbackReturn.SUCCESS,
    TransitionCallbackReturn.FAILURE,
    TransitionCallbackReturn.ERROR,
)
MakeLifter = Callable[..., LifterNode]


@pytest.fixture
def make_lifter(graph: Graph) -> MakeLifter:
    """Makes a lifter in this process, spun together with the listener."""
    return lambda model, **options: graph.make(partial(LifterNode, **options), model=model)


def set_one(node: LifterNode, name: str, value: Any) -> str:
    """Set a parameter; the reason if it is refused."""
    (result,) = node.set_parameters([Parameter(name, value=value)])
    assert result.successful == (not result.reason)
    return str(result.reason)


def sender(graph: Graph) -> Callable[[int], None]:
    """Sends windows of one person, with a stamp in seconds."""
    publisher = graph.node.create_publisher(PointCloud2, "windows", 50)
    graph.until(lambda: publisher.get_subscription_count() == 2, "lifter")

    def send(second: int) -> None:
        publisher.publish(pack_windows(standing_windows([1], stamp_ns=second * 10**9)))
        graph.until(lambda: len(graph.raw["coherence"]) >= second, f"result {second}")

    return send


def test_damaged_model_is_named_and_configures_once_repaired(
    make_lifter: MakeLifter, graph: Graph, standing_model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(standing_model, folder)
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    lifter = make_lifter(folder)
    assert lifter.trigger_configure() == FAILURE
    graph.until(lambda: "lifter" in graph.status, "diagnostics")
    assert graph.status["lifter"].level == DiagnosticStatus.ERROR
    assert f"cannot be configured: {weights} is damaged" in graph.status["lifter"].message
    weights.write_bytes(whole)
    activate(lifter)


def test_configure_can_be_repeated_after_an_unexpected_error(
    make_lifter: MakeLifter, graph: Graph, standing_model: Path
) -> None:
    errors = [ZeroDivisionError("of somebody's own engine")]

    def load_at_the_second_attempt(parameters: LifterParameters) -> LoadedModel:
        if errors:
            raise errors.pop()
        return load(parameters)

    lifter = make_lifter(standing_model, load_model=load_at_the_second_attempt)
    assert lifter.trigger_configure() == ERROR
    text = "cannot be configured: ZeroDivisionError: of somebody's own engine"
    graph.until(
        lambda: "lifter" in graph.status and text in graph.status["lifter"].message, "error"
    )
    activate(lifter)
    graph.until(lambda: graph.value("lifter", "state") == "active", "activity")
    assert text not in graph.status["lifter"].message


def test_steps_and_hypotheses_change_between_two_messages(
    make_lifter: MakeLifter, graph: Graph, diffusion_model: Path
) -> None:
    lifter = make_lifter(diffusion_model)
    for name, value in {"sampler": "ddim", "steps": 2, "hypotheses": 1}.items():
        assert not set_one(lifter, name, value)
    activate(lifter)
    send = sender(graph)
    send(1)
    assert not set_one(lifter, "hypotheses", 3)
    assert not set_one(lifter, "steps", 1)
    assert not set_one(lifter, "ellipsoids", False)
    send(2)
    graph.until(
        lambda: "ddim 1 steps, 3 hypotheses" in (graph.value("lifter", "model") or ""), "model"
    )
    spreads = [
        float(pair.value)
        for message in graph.messages("coherence")
        for pair in message.status[0].values
        if pair.key == "hypothesis_spread_mm"
    ]
    assert spreads[0] == 0 < spreads[1]
    first, second = (len(each.markers) for each in graph.messages("skeletons"))
    assert first > second  # no ellipsoids any more
    assert graph.value("lifter", "dropped") == "0"


def test_fixed_parameters_are_refused_while_configured(
    make_lifter: MakeLifter, random_wrapper: Path
) -> None:
    lifter = make_lifter(random_wrapper)
    assert "parameter" not in set_one(lifter, "seed", 3)
    assert lifter.trigger_configure() == SUCCESS
    assert "clean it up, set the parameter, then configure" in set_one(lifter, "model", "other")
    assert "sampling steps must be 1 to 50" in set_one(lifter, "steps", 51)
    assert lifter.get_parameter("steps").value == 0
    assert not set_one(lifter, "seed", 3)  # the current value
    assert lifter.trigger_cleanup() == SUCCESS
    assert not set_one(lifter, "model", "other")


def test_cleanup_frees_the_model(make_lifter: MakeLifter, standing_model: Path) -> None:
    models = []

    def load_and_look(parameters: LifterParameters) -> LoadedModel:
        loaded = load(parameters)
        models.append(weakref.ref(loaded.lifter.model))
        return loaded

    lifter = make_lifter(standing_model, load_model=load_and_look)
    activate(lifter)
    assert models[0]() is not None
    assert lifter.trigger_deactivate() == SUCCESS
    assert lifter.trigger_cleanup() == SUCCESS
    assert models[0]() is None


def out_of_memory(*_: object) -> None:
    """Stands in for a network on a device without free memory."""
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def test_cpu_replaces_a_failed_device_until_it_works_again(
    make_lifter: MakeLifter, graph: Graph, standing_model: Path
) -> None:
    attempts = []

    def load_on_a_bad_device(parameters: LifterParameters) -> LoadedModel:
        """`cuda` is the CPU here; it fails at first use, and at the first attempt to return."""
        if parameters.device == "cpu":
            return load(parameters)
        attempts.append(parameters.device)
        if len(attempts) == 2:
            raise RuntimeError("CUDA error: device-side assert triggered")
        # The reference engine runs the model itself, which the test can make fail.
        on_cpu = load(LifterParameters(model=parameters.model, device="cpu", engine="reference"))
        if len(attempts) == 1:
            on_cpu.lifter.model.register_forward_pre_hook(out_of_memory)
        return LoadedModel(on_cpu.lifter, parameters.device, "requested", on_cpu.sha256)

    lifter = make_lifter(standing_model, load_model=load_on_a_bad_device, retry_s=0.3)
    lifter.set_parameters([Parameter("device", value="cuda")])
    activate(lifter)
    send = sender(graph)
    send(1)  # nothing is lost
    graph.until(
        lambda: (
            "lifter" in graph.status
            and graph.status["lifter"].level == DiagnosticStatus.ERROR
            and "CUDA out of memory" in graph.status["lifter"].message
        ),
        "error",
    )
    # The error appears at once, the reason when the model is loaded on the CPU.
    failed = "cuda failed: CUDA out of memory"
    graph.until(
        lambda: graph.value("lifter", "device_reason").startswith(failed), "lifting on the CPU"
    )
    seconds = itertools.count(2)

    def returned() -> bool:
        send(next(seconds))  # the device returns between two messages, once the model is loaded
        return graph.value("lifter", "device_reason") == "it works again"

    graph.until(returned, "return")
    assert attempts == ["cuda"] * 3
    graph.until(lambda: graph.status["lifter"].level != DiagnosticStatus.ERROR, "end of the error")
