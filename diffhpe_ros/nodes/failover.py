"""The lifter's model where devices may fail: on the CPU meanwhile, and back again."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from diffhpe_ros.lifting import Lifter, free_device_memory, is_device_failure
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.model_loading import Loaded, describe, on_cpu, resample
from diffhpe_ros.nodes.parameters.tables import LifterParameters

RETRY_S = 30.0

T = TypeVar("T")


class FailoverLifter:
    """A model that goes on on the CPU when its device fails, and returns when that works again."""

    def __init__(
        self,
        load: Callable[[LifterParameters], Loaded],
        parameters: LifterParameters,
        diagnostics: NodeDiagnostics,
        retry_s: float,
    ) -> None:
        """Load the model.

        Args:
            load: where models come from.
            parameters: which one, and how it is sampled.
            diagnostics: told of what runs and where.
            retry_s: how often a device that failed is tried again.

        Raises:
            DiffhpeError: the model or a setting is not to be had.
        """
        self._load = load
        self._parameters = parameters
        self._diagnostics = diagnostics
        self._retry_s = retry_s
        self._loaded = load(parameters)
        self._asked = self._loaded.device
        self._returning: _DeviceRecovery | None = None
        self._back: Loaded | None = None
        self._show()

    @property
    def lifter(self) -> Lifter:
        """What lifts at present."""
        return self._loaded.lifter

    @property
    def description(self) -> str:
        """What lifts at present, in one line."""
        what = describe(self._parameters.model, self.lifter)
        where = f"{self.lifter.runs_on}, {self.lifter.engine_description}"
        preset = f"; preset {self._loaded.preset}" if self._loaded.preset else ""
        return f"{what} on {where} ({self._loaded.why}){preset}"

    def resample(self, parameters: LifterParameters) -> None:
        """Sample otherwise from now on, where that is otherwise."""
        self._parameters = parameters
        if resample(self.lifter, parameters).preset != self.lifter.preset:
            self._take(self._loaded)

    def run(self, work: Callable[[Lifter], T]) -> T:
        """Do what needs the lifter; once more on the CPU where the device fails."""
        if self._back is not None:
            back, self._back = self._back, None
            self._diagnostics.clear("device")
            self._take(replace(back, why="it works again"))
        try:
            return work(self.lifter)
        except Exception as error:
            if self._loaded.device == "cpu" or not is_device_failure(error):
                raise
            reason = str(error).partition("\n")[0]
        self._go_to_cpu(reason)
        return work(self.lifter)

    def close(self) -> None:
        """Give up the device for good."""
        if self._returning is not None:
            self._returning.stop()

    def _go_to_cpu(self, reason: str) -> None:
        failed = f"{self._asked} failed: {reason}"
        self._diagnostics.raise_error(
            "device", f"{failed}; lifting on the CPU until it works again"
        )
        loaded = self._load(on_cpu(self._parameters))
        self._take(replace(loaded, why=failed))
        free_device_memory()
        there = replace(self._parameters, device=self._asked)
        self._returning = _DeviceRecovery(lambda: self._load(there), self._welcome, self._retry_s)

    def _welcome(self, loaded: Loaded) -> None:
        """The device works again: `run` takes it next time."""
        self._back = loaded

    def _take(self, loaded: Loaded) -> None:
        self._loaded = replace(loaded, lifter=resample(loaded.lifter, self._parameters).captured())
        self._show()

    def _show(self) -> None:
        set_value = self._diagnostics.set_value
        set_value("model", describe(self._parameters.model, self.lifter))
        set_value("model_sha256", self._loaded.sha256)
        set_value("device", self.lifter.runs_on)
        set_value("engine", self.lifter.engine_description)
        if self._loaded.preset:
            set_value("preset", self._loaded.preset)
        set_value("device_reason", self._loaded.why)


class _DeviceRecovery:
    """A thread that loads a model on its device as soon as that works again."""

    def __init__(
        self, load: Callable[[], Loaded], done: Callable[[Loaded], None], retry_s: float
    ) -> None:
        self._load = load
        self._done = done
        self._retry_s = retry_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="device retry")
        self._thread.start()

    def stop(self) -> None:
        """Try no more; waits for an attempt that is under way."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._retry_s):
            try:
                loaded = self._load()
            except Exception:  # whatever it is, the CPU goes on and the alarm stays
                free_device_memory()
            else:
                self._done(loaded)
                return
