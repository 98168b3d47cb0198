"""The program `diffhpe`: its commands and its exit status."""

import signal
import sys
from typing import NoReturn

import click

from diffhpe_ros import __version__
from diffhpe_ros.cli.data import data
from diffhpe_ros.cli.measure import evaluate, reproduce
from diffhpe_ros.cli.models import calibrate, convert, export, pack
from diffhpe_ros.cli.train import search, train
from diffhpe_ros.cli.use import bench, demo, lift
from diffhpe_ros.cli.view import view
from diffhpe_ros.errors import DiffhpeError

_STOPPED = 128 + signal.SIGINT


class _InOrder(click.Group):
    """Lists its commands in the order of their definition."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands."""
        return list(self.commands)


@click.group(
    cls=_InOrder,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="diffhpe COMMAND --help describes a command. To start: diffhpe demo",
)
@click.version_option(__version__, prog_name="diffhpe")
@click.pass_context
def app(context: click.Context) -> None:
    """Live 3D human skeletons from one camera, by diffusion lifting."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (
    *(demo, view, lift, bench),
    *(data, train, search),
    *(evaluate, reproduce),
    *(convert, export, pack, calibrate),
):
    app.add_command(command)


def main() -> None:
    """Run the command line; a failure is one line on stderr and a non-zero exit status."""
    # As on Ctrl-C, everything that was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    interrupt = _Interrupt()
    try:
        app(standalone_mode=False)
    except DiffhpeError as error:
        _fail(str(error), 1)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from diffhpe_ros.lifting.torch_needed import without_torch

        _fail(without_torch("this command needs torch"), 1)
    except PermissionError as error:
        _fail(f"{error.filename}: {error.strerror}", 1)
    except click.ClickException as error:
        _fail(" ".join(error.format_message().split()), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("stopped", _STOPPED)
    except Exception:
        if not interrupt.happened:
            raise
        _fail("stopped", _STOPPED)  # an import turned it into another error


class _Interrupt:
    """Remembers a Ctrl-C: libraries that are being imported turn its exception into others."""

    def __init__(self) -> None:
        self.happened = False
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._raise)

    def _raise(self, *_: object) -> NoReturn:
        self.happened = True
        raise KeyboardInterrupt


def _fail(message: str, status: int) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # while the interpreter ends
    click.echo(f"diffhpe: {message}", err=True)
    sys.exit(status)
