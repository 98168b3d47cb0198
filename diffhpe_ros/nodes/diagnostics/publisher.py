"""Topic `/diagnostics`: a node's status, once a second in every state; new problems are logged."""

from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from diffhpe_ros.nodes.diagnostics.node_diagnostics import Report
from diffhpe_ros.nodes.diagnostics.problem_log import ProblemLog
from diffhpe_ros.nodes.messages.status import ERROR, OK, WARN, make_status

PERIOD_S = 1.0


class DiagnosticsPublisher:
    """Publishes the status of a node, once a second."""

    def __init__(self, node: Node, report: Callable[[], Report], log: ProblemLog) -> None:
        """Start the timer.

        Args:
            node: the node whose status is published.
            report: called once a second; its values contain `state`.
            log: receives the same errors and warnings.
        """
        self._node = node
        self._report = report
        self._log = log
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        node.create_timer(PERIOD_S, self._publish, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _publish(self) -> None:
        report = self._report()
        self._log.report(report.errors, report.warnings)
        level = ERROR if report.errors else WARN if report.warnings else OK
        said = dict.fromkeys(report.errors + report.warnings)
        text = "; ".join(said) or str(report.values["state"])
        name = self._node.get_fully_qualified_name().removeprefix("/")
        status = make_status(name, "diffhpe_ros", level, text, report.values)
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)
