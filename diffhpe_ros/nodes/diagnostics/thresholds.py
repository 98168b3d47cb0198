"""Thresholds of `/diagnostics` that several nodes share."""

from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.parameters.tables import StageParameters

_RECENT_S = 3.0
_MOST_DROPPED = 0.5
_FEWEST_DROPPED = 3  # one message left over when its sender ends is not a problem
_FEWEST_SECONDS = 3  # a node's first messages take longer, so more are dropped meanwhile
_LEAST_SEEN = 0.5
_OTHER_CLOCK_S = 600.0  # a larger latency means that the clocks differ
_AHEAD_S = 0.1  # results earlier than their image; synchronised clocks differ by less


def check_input(diagnostics: NodeDiagnostics) -> None:
    """Set the input rate; warn if most messages are dropped."""
    for shown, name in (("input_per_s", "received"), ("dropped_per_s", "dropped")):
        found = diagnostics.per_second(name)
        if found is not None:
            diagnostics.set_value(shown, found)
    dropped = diagnostics.share("dropped", "received") or 0.0
    is_counted = diagnostics.active_seconds("received") >= _FEWEST_SECONDS
    is_counted &= diagnostics.growth("dropped") >= _FEWEST_DROPPED
    if is_counted and dropped > _MOST_DROPPED:
        diagnostics.warn(
            "dropped",
            f"{100 * dropped:.0f} % of the messages are dropped: the node is slower than its input",
        )
    else:
        diagnostics.clear("dropped")


def check_completeness(diagnostics: NodeDiagnostics) -> None:
    """Set the share of joints seen in the windows; warn if it is low."""
    found = diagnostics.share("joints_seen", "joints_expected")
    if found is None:
        diagnostics.remove_value("window_completeness")
        diagnostics.clear("windows")
        return
    diagnostics.set_value("window_completeness", found)
    if found < _LEAST_SEEN:
        diagnostics.warn(
            "windows",
            f"only {100 * found:.0f} % of the windows' joints are seen: people are cut off or"
            " hidden, too few images arrive, or the detector's min_confidence is too high",
        )
    else:
        diagnostics.clear("windows")


def check_latency(diagnostics: NodeDiagnostics, parameters: StageParameters) -> None:
    """Warn, or raise an error, if results are late; without results there is nothing to check."""
    found = diagnostics.recent_s("latency", _RECENT_S)
    if found is None:
        diagnostics.clear("latency")
    elif abs(found) > _OTHER_CLOCK_S:
        diagnostics.raise_error(
            "latency",
            f"the images' stamps are {_apart(found)} this clock: set use_sim_time for a bag, or"
            " correct the camera's clock",
        )
    elif found < -_AHEAD_S:
        diagnostics.warn(
            "latency",
            f"the images' stamps are {_apart(found)} this clock: the clocks of this machine and"
            " of the camera must be the same",
        )
    elif found > parameters.latency_error_s:
        diagnostics.raise_error("latency", _late(found, parameters.latency_error_s))
    elif found > parameters.latency_warn_s:
        diagnostics.warn("latency", _late(found, parameters.latency_warn_s))
    else:
        diagnostics.clear("latency")


def _apart(seconds: float) -> str:
    return f"{abs(seconds):.2f} s {'behind' if seconds > 0 else 'ahead of'}"


def _late(found: float, most: float) -> str:
    return (
        f"results are published {found:.2f} s after their image's stamp, at most {most:g} s is"
        " expected"
    )
