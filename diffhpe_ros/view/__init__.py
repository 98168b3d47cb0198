"""`diffhpe view`: people in 3D in a browser page, without ROS's tools.

A source provides images, an estimator finds the people in them, a player moves through the source,
and the page shows everything. Only `view.page` and its parts import viser.
"""

from typing import TYPE_CHECKING, Any

from diffhpe_ros.view.estimator import Settings
from diffhpe_ros.view.sources import ImageSource, choose_source

if TYPE_CHECKING:
    from diffhpe_ros.view.server import serve

__all__ = ["ImageSource", "Settings", "choose_source", "serve"]


def __getattr__(name: str) -> Any:
    """Import `serve` on first use: it needs the extra `view`."""
    if name == "serve":
        from diffhpe_ros.view.server import serve

        return serve
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
