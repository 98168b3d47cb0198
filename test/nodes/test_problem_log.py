"""Problems are logged when they are new, not every second."""

import pytest

from diffhpe_ros.nodes.diagnostics.problem_log import AGAIN_S, ProblemLog


class Lines:
    """A logger that stores its messages."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def error(self, text: str) -> None:
        self.lines.append(f"E {text}")

    def warning(self, text: str) -> None:
        self.lines.append(f"W {text}")


class Clock:
    s = 100.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def log(lines: Lines, clock: Clock) -> ProblemLog:
    return ProblemLog(lines, clock)


def test_a_lasting_problem_is_logged_once(log: ProblemLog, lines: Lines, clock: Clock) -> None:
    for second in range(100):
        clock.s += 1
        log.report([], [f"no messages on /image for {second} s: it has no publisher"])
    assert lines.lines == ["W no messages on /image for 0 s: it has no publisher"]


def test_recurring_problem_is_logged_again_but_not_often(
    log: ProblemLog, lines: Lines, clock: Clock
) -> None:
    for _ in range(30):  # on and off for 60 s
        log.report(["device lost"], [])
        clock.s += 1
        log.report([], [])
        clock.s += 1
    assert lines.lines == ["E device lost"] * round(60 / AGAIN_S)


def test_problems_of_two_cameras_are_two(log: ProblemLog, lines: Lines) -> None:
    for second in range(3):
        log.report([], [f"camera cam_{camera}: silent for {second}.5 s" for camera in (1, 2)])
    assert lines.lines == [f"W camera cam_{camera}: silent for 0.5 s" for camera in (1, 2)]


def test_several_problems_are_logged(log: ProblemLog, lines: Lines) -> None:
    log.report([], ["slow"])
    log.report(["broken"], ["slow"])
    assert lines.lines == ["W slow", "E broken"]


def test_error_logged_at_once_is_not_logged_with_the_next_report(
    log: ProblemLog, lines: Lines, clock: Clock
) -> None:
    for _ in range(50):  # each message fails, 10 in a report
        for _ in range(10):
            clock.s += 0.1
            log.error("ValueError: no image")
        log.report(["ValueError: no image"], [])
    assert lines.lines == ["E ValueError: no image"]
