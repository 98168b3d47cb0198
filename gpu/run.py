"""Runs the phases one after the other, each with its own time limit and process.

Results are written whenever a phase has something new, so nothing is lost if the machine is taken
away.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from gpu.bundle import bundle_models
from gpu.phase import PHASES
from gpu.record import markdown

LIMITS_S = {"equality": 100, "speed": 100, "throughput": 100, "tables": 60}
"""Time limit of each phase in seconds; training gets the rest."""
SHARES = {"equality": 0.2, "speed": 0.2, "throughput": 0.2, "tables": 0.12}
"""Largest share of the total time for each phase."""
GRACE_S = 10.0
"""Seconds for a phase to end by itself after its time limit."""
POLL_S = 1.0


@dataclass
class Session:
    """One run of phases, and the results so far."""

    options: argparse.Namespace
    out: Path
    results: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        """Seconds until all phases must have ended."""
        return 60 * self.options.minutes - (time.monotonic() - self.began)

    def seconds_for(self, phase: str, later: list[str]) -> float:
        """Seconds that a phase may take, so that later phases have their time."""
        if self.options.dry_run:
            return self.left_s
        total = 60 * self.options.minutes
        least = {name: min(LIMITS_S[name], SHARES[name] * total) for name in SHARES}
        if phase in least:
            return min(least[phase], self.left_s)
        return self.left_s - sum(least.get(name, 0.0) for name in later) - GRACE_S

    def run(self, phase: str, seconds: float) -> None:
        """Run a phase to its end or its limit."""
        log = self.out / "log.txt"
        began = time.monotonic()
        with log.open("a") as output:
            output.write(f"\n=== {phase}, {seconds:.0f} s ===\n")
            output.flush()
            process = subprocess.Popen(
                self._command(phase, seconds),
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                while process.poll() is None and time.monotonic() - began <= seconds + GRACE_S:
                    self._collect(phase, "running", time.monotonic() - began)
                    time.sleep(POLL_S)
            finally:  # also if this program is interrupted
                if is_late := process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            if is_late:
                self._collect(phase, "stopped at its limit", time.monotonic() - began)
                return
        status = {0: "done", 1: "failed"}.get(process.returncode, f"exit {process.returncode}")
        self._collect(phase, status, time.monotonic() - began)

    def _command(self, phase: str, seconds: float) -> list[str]:
        options = self.options
        command = [
            sys.executable, "-m", "gpu.phase", phase, "--device", options.device,
            "--seconds", f"{seconds:.0f}", "--scratch", str(options.scratch),
            "--models", options.models,
        ]  # fmt: skip
        command += ["--tiny"] if options.dry_run else []
        return command + (["--start", str(options.start)] if options.start else [])

    def _collect(self, phase: str, status: str, seconds: float) -> None:
        """Write the results so far."""
        file = self.options.scratch / f"{phase}.json"
        found = json.loads(file.read_text()) if file.is_file() else {}
        self.results[phase] = {"status": status, "seconds": round(seconds, 1), **found}
        bundle_models(self.options.scratch / "models", self.out)
        self.write()

    def write(self) -> None:
        """Write results.json and report.md."""
        where = describe(self.options.device)
        sections = [markdown(name, values) for name, values in self.results.items()]
        head = f"# gpu/run.sh on {where}\n\n`gpu/run.sh {' '.join(sys.argv[3:])}`\n"
        texts = {
            "results.json": json.dumps({"device": where, **self.results}, indent=1),
            "report.md": "\n".join([head, *sections]),
        }
        for name, text in texts.items():
            new = self.options.scratch / f"{name}.new"
            new.write_text(text + "\n")
            shutil.copyfile(new, self.out / f".{name}.new")
            (self.out / f".{name}.new").replace(self.out / name)


def describe(device: str) -> str:
    """The device and the software, in one line."""
    name = platform.machine() if device == "cpu" else torch.cuda.get_device_name()
    return f"{name} ({device}), torch {torch.__version__}, Python {platform.python_version()}"


def main() -> None:
    """Run the phases that were asked for."""
    parser = argparse.ArgumentParser(prog="gpu/run.sh", description=__doc__)
    parser.add_argument("--minutes", type=float, help="for all phases; 9 (dry: 30)")
    parser.add_argument("--phases", default=",".join(PHASES), help="some of the default's")
    parser.add_argument("--models", default="", help="to be trained; all, in order, if not given")
    parser.add_argument("--start", type=Path, help="a folder of an earlier run's models")
    parser.add_argument("--dry-run", action="store_true", help="all phases, tiny, on the CPU")
    parser.add_argument("--scratch", type=Path, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends the phase, too
    chosen = options.phases.split(",")
    unknown = set(chosen) - set(PHASES)
    if unknown:
        parser.error(f"unknown phase {min(unknown)!r}; expected some of {', '.join(PHASES)}")
    options.minutes = options.minutes or (30.0 if options.dry_run else 9.0)
    options.device = "cpu" if options.dry_run else "cuda"
    if not options.dry_run and not torch.cuda.is_available():
        parser.error(f"torch {torch.__version__} finds no CUDA device; --dry-run needs none")
    out = Path(os.environ.get("OUT") or "gpu_out")
    out.mkdir(parents=True, exist_ok=True)
    options.scratch.mkdir(parents=True, exist_ok=True)
    if options.dry_run:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # else tiny products wait for threads
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(options.scratch / "inductor"))
    (out / "log.txt").write_text("")
    session = Session(options, out)
    for number, phase in enumerate(chosen):
        seconds = session.seconds_for(phase, chosen[number + 1 :])
        print(f"{phase}: at most {seconds:.0f} s ...", flush=True)
        if seconds < 1:
            session.results[phase] = {"status": "no time left", "seconds": 0.0}
            session.write()
            continue
        session.run(phase, seconds)
        found = session.results[phase]
        print(f"{phase}: {found['status']}, {found['seconds']} s", flush=True)
        for check in found.get("checks", []):
            if not check["ok"]:
                print(f"  {check['name']}: {check['found']}", flush=True)
    print(f"{out / 'report.md'}: the report")
    sys.exit(0 if all(each["status"] == "done" for each in session.results.values()) else 1)


if __name__ == "__main__":
    main()
