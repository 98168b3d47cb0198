"""The number of CPU threads, with torch and without."""

import os
import subprocess
import sys

import pytest
import torch

from diffhpe_ros.lifting import threads, use_threads
from diffhpe_ros.lifting.engines.native.library import find_library
from diffhpe_ros.lifting.threads import thread_count

OF_NO_CHOICE = {name: of for name, of in os.environ.items() if not name.endswith("_NUM_THREADS")}


@pytest.fixture(autouse=True)
def nothing_asked_for(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setattr(threads, "_ASKED_FOR", [])
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("given", "expected"), [("3", 3), ("0", None), ("many", None), ("", None)])
def test_without_a_wish_the_environment_decides(monkeypatch, given, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert thread_count() == (expected or len(os.sched_getaffinity(0)))


def test_what_is_asked_for_holds_for_torch_too():
    use_threads(2)
    assert thread_count() == torch.get_num_threads() == 2


@pytest.mark.skipif(find_library() is None, reason="no compiled library")
def test_one_thread_takes_the_time_of_one():
    """Also if numpy's BLAS may start a thread per core; these threads spin while they wait."""
    code = """
import time
import numpy as np
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter, use_threads
use_threads(1)
lifter = Lifter.from_pretrained(DEFAULT_MODEL)
x_2d = np.random.default_rng(0).normal(scale=0.2, size=(1, 27, 17, 2))
lifter.lift(x_2d)
started = time.process_time(), time.thread_time()
for _ in range(20):
    lifter.lift(x_2d)
print((time.process_time() - started[0]) / (time.thread_time() - started[1]))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=OF_NO_CHOICE, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1.2
