"""The command `darkroom`: parse, call, render, exit status."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, NoReturn

from darkroom.cli.arguments import parse
from darkroom.cli.terminal import Screen, complain, discard_output, standard_screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, EXIT_FAILED, DarkroomError

EXIT_INTERRUPTED: Final = 130
"""What shells expect of a program that was ended by Ctrl-C."""

Run = Callable[[Client, Namespace, Screen], int]
"""`run` of each module in `darkroom.cli.commands`: do it and return the exit status."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `darkroom` with these arguments (None: those of this process) and return its exit status.

    Raises:
        SystemExit: the arguments are wrong (status 2), or asked for help or the version.
    """
    try:
        arguments = parse(argv)
        # Each start pays for the one command it runs.
        run: Run = import_module(f"darkroom.cli.commands.{arguments.command.replace('-', '_')}").run
        with Client(arguments.socket) as client:
            return _ended(run, client, arguments)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except DarkroomError as error:
        complain(error.message)
        return error.exit_status
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough.
        discard_output()
        return EXIT_DONE
    except OSError as error:
        # What the client meets at its socket it has put into words: this is about our own output.
        discard_output()
        complain(f"The output could not be written: {error.strerror or error}.")
        return EXIT_FAILED


def process() -> NoReturn:
    """Be the process `darkroom`: run `main` and end with its exit status.

    The interpreter is not left to clear up, which takes it longer than the daemon takes to answer.
    """
    status = main()
    try:
        for stream in (sys.stdout, sys.stderr):
            # Whoever starts the command may have closed it.
            if stream is not None:  # pyright: ignore[reportUnnecessaryComparison] - typeshed does not know
                stream.flush()
    except OSError:
        status = status or EXIT_FAILED
    os._exit(status)


def _ended(run: Run, client: Client, arguments: Namespace) -> int:
    """Run a command to its end, and tell what the daemon made of it."""
    try:
        return run(client, arguments, standard_screen())
    except DarkroomError as error:
        from darkroom.cli.hints import hint  # noqa: PLC0415 - only mistakes pay for it

        complain(f"{error.message}{hint(client, error)}")
        return error.exit_status


if __name__ == "__main__":
    process()
