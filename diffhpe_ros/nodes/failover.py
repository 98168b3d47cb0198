"""The lifter's model on a device that may fail, with the CPU as a fallback."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from diffhpe_ros.lifting import Lifter, free_device_memory, is_device_failure
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.model_loading import LoadedModel, describe, on_cpu, resample
from diffhpe_ros.nodes.parameters.tables import LifterParameters

RETRY_S = 30.0

T = TypeVar("T")


class FailoverLifter:
    """Runs a model on its device; after a failure on the CPU until the device works again."""

    def __init__(
        self,
        load: Callable[[LifterParameters], LoadedModel],
        parameters: LifterParameters,
        diagnostics: NodeDiagnostics,
        retry_s: float,
    ) -> None:
        """Load the model.

        Args:
            load: loads the model that the parameters name.
            parameters: the node's parameters.
            diagnostics: shows the model, its device and its failures.
            retry_s: seconds between two attempts to use a failed device again.

        Raises:
            DiffhpeError: the model or a setting does not exist.
        """
        self._load = load
        self._parameters = parameters
        self._diagnostics = diagnostics
        self._retry_s = retry_s
        self._loaded = load(parameters)
        self._device = self._loaded.device
        self._recovery: _DeviceRecovery | None = None
        self._recovered: LoadedModel | None = None
        self._show()

    @property
    def lifter(self) -> Lifter:
        """The lifter in use."""
        return self._loaded.lifter

    @property
    def description(self) -> str:
        """Model, sampling, device and engine in one line."""
        what = describe(self._parameters.model, self.lifter)
        where = f"{self.lifter.runs_on}, {self.lifter.engine_description}"
        preset = f"; preset {self._loaded.preset}" if self._loaded.preset else ""
        return f"{what} on {where} ({self._loaded.reason}){preset}"

    def resample(self, parameters: LifterParameters) -> None:
        """Apply other sampling settings, if they differ."""
        self._parameters = parameters
        new, old = resample(self.lifter, parameters), self.lifter
        if (new.preset, new.warnings) != (old.preset, old.warnings):
            self._use(self._loaded)

    def run(self, work: Callable[[Lifter], T]) -> T:
        """Call a function with the lifter; if its device fails, call it again on the CPU."""
        if self._recovered is not None:
            recovered, self._recovered = self._recovered, None
            self._diagnostics.clear("device")
            self._use(replace(recovered, reason="it works again"))
        try:
            return work(self.lifter)
        except Exception as error:
            if self._loaded.device == "cpu" or not is_device_failure(error):
                raise
            reason = str(error).partition("\n")[0]
        self._fall_back(reason)
        return work(self.lifter)

    def close(self) -> None:
        """Stop retrying the device."""
        if self._recovery is not None:
            self._recovery.stop()

    def _fall_back(self, reason: str) -> None:
        failed = f"{self._device} failed: {reason}"
        self._diagnostics.raise_error(
            "device", f"{failed}; lifting on the CPU until it works again"
        )
        loaded = self._load(on_cpu(self._parameters))
        self._use(replace(loaded, reason=failed))
        free_device_memory()
        on_device = replace(self._parameters, device=self._device)
        self._recovery = _DeviceRecovery(
            lambda: self._load(on_device), self._on_recovered, self._retry_s
        )

    def _on_recovered(self, loaded: LoadedModel) -> None:
        """The device works again: the next `run` uses it."""
        self._recovered = loaded

    def _use(self, loaded: LoadedModel) -> None:
        self._loaded = replace(loaded, lifter=resample(loaded.lifter, self._parameters).captured())
        self._show()

    def _show(self) -> None:
        if warnings := self.lifter.warnings:
            self._diagnostics.warn("sampling", "; ".join(warnings))
        else:
            self._diagnostics.clear("sampling")
        set_value = self._diagnostics.set_value
        set_value("model", describe(self._parameters.model, self.lifter))
        set_value("model_sha256", self._loaded.sha256)
        set_value("device", self.lifter.runs_on)
        set_value("engine", self.lifter.engine_description)
        if self._loaded.preset:
            set_value("preset", self._loaded.preset)
        set_value("device_reason", self._loaded.reason)


class _DeviceRecovery:
    """A thread that tries to load a model on its device until that succeeds."""

    def __init__(
        self,
        load: Callable[[], LoadedModel],
        on_recovered: Callable[[LoadedModel], None],
        retry_s: float,
    ) -> None:
        self._load = load
        self._on_recovered = on_recovered
        self._retry_s = retry_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="device retry")
        self._thread.start()

    def stop(self) -> None:
        """Stop trying; waits for an attempt in progress."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._retry_s):
            try:
                loaded = self._load()
            except Exception:  # the CPU stays in use, and the error stays in the diagnostics
                free_device_memory()
            else:
                self._on_recovered(loaded)
                return
