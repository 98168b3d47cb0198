"""Users, clocks, signals and arguments of programs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from driver_cases.case import Case
from driver_cases.rig import Rig

DIFFHPE = "from diffhpe_ros.cli import main; main()"
OTHER_USER = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
READS_ALL = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


def program_cases() -> Iterator[Case]:
    """All cases of programs."""
    yield "12-other-user", "camera as root, graph as user 12345, the same profile", other_user
    yield "16c-sim-time", "use_sim_time without /clock", sim_time
    yield "16d-no-home", "user 12345 without passwd entry, HOME unset", no_home
    for module in ("lifter", "detector", "pose_pipeline"):
        yield "16f-signals", f"{module}: SIGINT and SIGTERM while it loads", signals(module)
    yield "16g-demo-without-webcam", "diffhpe demo --camera 0", demo_without_webcam
    yield "16k-nav2", "nav2's lifecycle manager wants a bond", nav2
    yield "16m-typing-error", "field_of_veiw: 70.0", typing_error
    yield "16n-one-name-for-two", "pose_pipeline -r __node:=pose", one_name


def other_user(rig: Rig) -> str:
    """Two users, each in a container, with a common /dev/shm."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return "not run: needs root and setpriv"
    for name in ("detector", "lifter"):
        rig.stop_if_runs(name)
    home_folder = rig.folder / "user"
    home_folder.mkdir()
    shutil.chown(home_folder, 12345, 12345)
    rig.folder.chmod(0o755)
    own = {"HOME": str(home_folder), "ROS_LOG_DIR": str(home_folder)}
    cache = Path(os.environ.get("DIFFHPE_CACHE") or Path.home() / ".cache" / "diffhpe_ros")
    for name in ("lifter", "detector"):
        command = [*OTHER_USER, *READS_ALL, sys.executable, "-m", f"diffhpe_ros.nodes.{name}"]
        rig.start(name, command=command, environment={**own, "DIFFHPE_CACHE": str(cache)})
    rig.until_active("lifter", "detector")
    rig.forget()
    rig.shoot()
    rig.spin(8)
    texts = rig.heard.texts["detector"]
    said = max(texts, key=len) if texts else "no warning"
    for name in ("detector", "lifter"):
        rig.stop(name)
    return f"{len(rig.heard.joints)} windows lifted; detector: {said}"


def sim_time(rig: Rig) -> str:
    """Images with stamps of the wall clock."""
    rig.see(of_both={"use_sim_time": True})
    rig.shoot()
    text = rig.outcome()
    for name in ("detector", "lifter"):
        rig.stop(name)
    return text


def no_home(rig: Rig) -> str:
    """No home folder, as in a container that is run with `--user`."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return "not run: needs root and setpriv"
    command = ["env", "-u", "HOME", "-u", "DIFFHPE_CACHE", *OTHER_USER, *READS_ALL]
    logs = {"ROS_LOG_DIR": "/tmp"}
    rig.start(
        "detector", environment=logs,
        command=[*command, sys.executable, "-m", "diffhpe_ros.nodes.detector"],
    )  # fmt: skip
    rig.spin_until(lambda: rig.status("detector") is not None, most_s=60)
    return f"status {rig.status('detector')}: {rig.last_line('detector')}"


def signals(module: str) -> Callable[[Rig], str]:
    """Ctrl-C, and the signal of `docker stop`, at several times during the start."""

    def run(rig: Rig) -> str:
        found = set()
        for how in (signal.SIGINT, signal.SIGTERM):
            for after_s in (0.4, 1.0, 1.6, 2.4):
                rig.start(module, name="stopped")
                rig.spin(after_s)
                ended = rig.stop("stopped", how)
                shown = rig.printed("stopped")
                found.add(ended + (", with a traceback" if "Traceback" in shown else ""))
        return "; ".join(sorted(found))

    return run


def demo_without_webcam(rig: Rig) -> str:
    """The demo's message on a node that does not start."""
    out = rig.folder / "demo"
    shown = subprocess.run(
        [sys.executable, "-c", DIFFHPE, "demo", "--camera", "0", "--out", str(out)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return f"status {shown.returncode}: {shown.stderr.strip().splitlines()[-1]}"


def nav2(_: Rig) -> str:
    """Nav2 is not installed here."""
    return "not run: nav2 is not on PyPI; docs/ros.md says to set its bond_timeout to 0.0"


def typing_error(rig: Rig) -> str:
    """A typing error in a parameter file for all nodes."""
    file = rig.folder / "mine.yaml"
    file.write_text("/**:\n  ros__parameters:\n    field_of_veiw: 70.0\n")
    rig.forget()
    rig.start("detector", "--params-file", str(file), blazepose_model="full")
    rig.until_active("detector")
    rig.spin(2.5)
    said = rig.said("detector")
    rig.stop("detector")
    return "; ".join(said) or "nothing is said"


def one_name(rig: Rig) -> str:
    """Two nodes in one process that are given the same name."""
    rig.start("pose_pipeline", "-r", "__node:=pose")
    rig.spin_until(lambda: rig.status("pose_pipeline") is not None, most_s=40)
    status = rig.status("pose_pipeline")
    if status is None:
        names = sorted(name for name in rig.heard.values if "pose" in name)
        return f"both run, as {', '.join(names) or 'nothing'}; {rig.stop('pose_pipeline')}"
    return f"status {status}: {rig.last_line('pose_pipeline')}"
