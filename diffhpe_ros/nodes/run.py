"""Running nodes as a program."""

import faulthandler
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import rclpy
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions

from diffhpe_ros.nodes import on_signals
from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.fast_dds import use_fastdds_profile


def run(make_nodes: Callable[[], Sequence[StageNode[Any]]]) -> NoReturn:
    """Make the nodes of one process, spin them until a signal arrives, and end the process.

    With `autostart` they are activated in order. The exit status is 1 if a node cannot be made, or
    cannot be started with `autostart`.
    """
    faulthandler.enable()  # a library that crashes leaves Python's stack in the log
    status = _run(make_nodes)
    # All is closed. Threads of drivers, decoders and DDS that are still there could crash the
    # interpreter while it shuts down, so it does not.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run(make_nodes: Callable[[], Sequence[StageNode[Any]]]) -> int:
    on_signals(signal.default_int_handler)  # replaces handlers set during the imports
    try:
        use_fastdds_profile(os.environ)
        # rclpy's own handlers shut DDS down, and the nodes' last messages could not be sent.
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        nodes = make_nodes()
        executor = SingleThreadedExecutor()
        for node in nodes:
            executor.add_node(node)
    except KeyboardInterrupt:
        os._exit(0)  # nothing is open yet
    except Exception as error:
        print(f"error: {error}", file=sys.stderr)
        rclpy.try_shutdown()
        return 1
    try:
        with _woken_by_signals(executor):
            if not all(map(_start_if_wanted, nodes)):
                return 1
            _spin(nodes[0], executor)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        # A terminal sends SIGINT to all processes, and launch sends a second one: ignore it.
        on_signals(lambda *_: None)
        for node in nodes:
            node.close()
        executor.shutdown()
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
        on_signals(signal.SIG_IGN)  # also while the interpreter ends
    return 0


@contextmanager
def _woken_by_signals(executor: Executor) -> Iterator[None]:
    """Let signals wake the executor: it waits in C++, where Python's handlers do not run."""
    inner, outer = socket.socketpair()
    outer.setblocking(False)

    def wake() -> None:
        while inner.recv(1):
            executor.wake()

    thread = threading.Thread(target=wake, name="signals", daemon=True)
    thread.start()
    before = signal.set_wakeup_fd(outer.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        outer.close()
        thread.join()
        inner.close()


def _spin(node: StageNode[Any], executor: Executor) -> None:
    """Spin until shutdown, whatever a callback raises.

    rclpy's own callbacks raise errors that other nodes cause: a negative `/clock`, or a transition
    that the node's state does not allow.
    """
    while node.context.ok():
        try:
            executor.spin()
            return  # it was shut down
        except (KeyboardInterrupt, ExternalShutdownException):
            raise
        except Exception as error:
            node.report_error(error)


def _start_if_wanted(node: StageNode[Any]) -> bool:
    if not node.get_parameter("autostart").value:
        return True
    success = TransitionCallbackReturn.SUCCESS
    return node.trigger_configure() == success and node.trigger_activate() == success
