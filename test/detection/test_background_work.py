"""Work in a background thread."""

import subprocess
import sys
import threading

import pytest

from diffhpe_ros.detection.background import BackgroundWorker


def test_work_goes_on_while_the_caller_does():
    go_on = threading.Event()
    outcome = BackgroundWorker().submit(lambda: go_on.wait(60))
    assert not outcome.done()
    go_on.set()
    assert outcome.result() is True


def test_error_is_raised_where_the_result_is_taken():
    outcome = BackgroundWorker().submit(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        outcome.result()


@pytest.mark.parametrize(
    "end",
    ["background.submit(lambda: time.sleep(0.2))", "threading.Thread(target=work_on).start()"],
    ids=["with the work", "before a thread that wants more"],
)
def test_process_ends_by_itself(end):
    script = f"""
import threading, time
from diffhpe_ros.detection.background import BackgroundWorker
background = BackgroundWorker()
def work_on():
    threading.main_thread().join()
    print(background.submit(lambda: "worked on").result())
background.submit(int).result()
{end}
"""
    python = [sys.executable, "-c", script]
    done = subprocess.run(python, capture_output=True, text=True, timeout=250)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == ("worked on" if "work_on" in end else "")
