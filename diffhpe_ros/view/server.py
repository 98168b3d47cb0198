"""Serves the page until it is stopped."""

import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from diffhpe_ros.detection import Detector
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.extras import require
from diffhpe_ros.installed_models import installed_models
from diffhpe_ros.view.estimator import Estimator, Settings
from diffhpe_ros.view.sources import ImageSource

HOST, PORT = "127.0.0.1", 8080
_LAST_PORT = 65535
_NEXT_PORT = (errno.EADDRINUSE, errno.EACCES)
"""Errors that another port of the same host may not give: it is taken, or only for root."""


@contextmanager
def serve(
    source: ImageSource,
    detectors: Mapping[str, Callable[[], Detector]],
    settings: Settings,
    *,
    field_of_view: float,
    device: str = "cpu",
    host: str = HOST,
    port: int = PORT,
) -> Iterator[str]:
    """Show a source on a page; yields its address, and stops at the end of the block.

    Args:
        source: the source of the images.
        detectors: detectors that can be chosen, by name.
        settings: initial settings.
        field_of_view: degrees, used if the source's camera is not calibrated.
        device: device of the lifter.
        host: address that serves the page; the default is for this computer only.
        port: port of the page; the next free one if it is taken. 0 takes any free port.

    Raises:
        DiffhpeError: viser is not installed, the page cannot be served there, or the model, preset
            or detector cannot be used.
    """
    require("the page", "view")
    port = free_port(host, port)
    import viser

    from diffhpe_ros.view.page import Page

    estimator = Estimator(
        detectors, settings, camera=source.camera, field_of_view=field_of_view, device=device
    )
    names = list(installed_models())
    models = names if settings.model in names else [settings.model, *names]
    server = viser.ViserServer(host, port, label="diffhpe view", verbose=False)
    page = Page(server, source, estimator, models)
    page.player.start()
    try:
        yield f"http://{server.get_host()}:{server.get_port()}"
    finally:
        page.player.close()
        server.stop()


def free_port(host: str, port: int) -> int:
    """The first port from `port` on that can be served; viser waits for ever where there is none.

    Raises:
        DiffhpeError: the host is no address of this computer, or all ports are taken.
    """
    for number in range(port, _LAST_PORT + 1):
        try:
            families = {family for family, *_ in socket.getaddrinfo(host or None, number)}
            family = min(families)  # IPv4 if there is one
            with socket.create_server((host, number), family=family):
                return number
        except (OSError, UnicodeError) as error:
            if getattr(error, "errno", None) not in _NEXT_PORT:
                raise DiffhpeError(
                    f"the page cannot be served at {host}: an address of this computer is expected,"
                    f" such as {HOST} ({error})"
                ) from None
    raise DiffhpeError(f"{host} has no free port from {port} to {_LAST_PORT}")
