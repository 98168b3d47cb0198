"""The number of CPU threads, with torch and without."""

import os

import pytest
import torch

from diffhpe_ros.lifting import threads, use_threads
from diffhpe_ros.lifting.threads import thread_count


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
