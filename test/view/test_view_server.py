"""Where the page can be served, and where not."""

import socket
from collections.abc import Callable, Mapping

import pytest

from diffhpe_ros.detection import Detector
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.view import ImageSource, Settings, serve
from diffhpe_ros.view.server import free_port

LOCAL = "127.0.0.1"
ELSEWHERE = ["300.1.1.1", "192.0.2.1", "a..b"]
"""Neither an address nor a name of this computer; 192.0.2.0/24 is for documentation."""


@pytest.mark.parametrize("host", ELSEWHERE)
def test_host_that_is_not_this_computer_is_refused(host: str) -> None:
    with pytest.raises(DiffhpeError, match=f"cannot be served at {host}: an address of this"):
        free_port(host, 8080)


def test_next_port_is_used_if_one_is_taken() -> None:
    with socket.create_server((LOCAL, 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(LOCAL, port) > port


def test_no_port_is_left_after_the_last() -> None:
    with socket.create_server((LOCAL, 65535)), pytest.raises(DiffhpeError, match="no free port"):
        free_port(LOCAL, 65535)


@pytest.mark.parametrize("host", [LOCAL, "localhost", "0.0.0.0", ""])
def test_usual_hosts_are_served(host: str) -> None:
    assert free_port(host, 0) == 0


def test_page_is_not_begun_where_it_cannot_be_served(
    source: ImageSource, detectors: Mapping[str, Callable[[], Detector]]
) -> None:
    pytest.importorskip("viser", reason="needs the extra view")
    page = serve(source, detectors, Settings(), field_of_view=60.0, host="192.0.2.1")
    with pytest.raises(DiffhpeError, match="cannot be served"), page:
        pass
