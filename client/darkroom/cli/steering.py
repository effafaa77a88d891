"""The arguments of the commands that steer the queue and look back at its work."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Final

PRIORITIES: Final = ("high", "normal", "low")
END_STATES: Final = ("completed", "failed", "canceled")
LEVELS: Final = ("debug", "info", "warning", "error", "critical")
GROUPS: Final = ("hour", "day", "month", "preset", "camera", "session")

_LARGEST_NUMBER: Final = 2**63 - 1

Declare = Callable[[str, str], argparse.ArgumentParser]
"""Adds a command by name and summary, with what every command takes."""


def number(text: str) -> int:
    """Return the number of a job or item; raise `ValueError` for what can be none."""
    if not (text.isascii() and text.isdecimal()) or int(text) > _LARGEST_NUMBER:
        raise ValueError(text)
    return int(text)


def _jobs(command: argparse.ArgumentParser, *, nargs: str = "+") -> None:
    command.add_argument("jobs", metavar="JOB", nargs=nargs, type=number, help="the number of a job")


def _pause(add: Declare) -> None:
    command = add("pause", "Start nothing new until resumed: of these jobs, or of the whole queue.")
    _jobs(command, nargs="*")
    command.add_argument("--reason", metavar="TEXT", help="why, shown to everyone")
    command.add_argument("--until", metavar="TIME", help="go on by itself: 22:30, 2h, 2024-05-04T22:30")
    command.add_argument("--now", action="store_true", help="stop the running photo too; it is done later")


def _resume(add: Declare) -> None:
    _jobs(add("resume", "End a pause: of these jobs, or of the whole queue."), nargs="*")


def _cancel(add: Declare) -> None:
    command = add("cancel", "Cancel jobs with all their items; the running one is stopped.")
    _jobs(command)
    command.add_argument("--reason", metavar="TEXT", help="why, shown to everyone")


def _retry(add: Declare) -> None:
    command = add("retry", "Queue what failed in ended jobs again.")
    _jobs(command)
    command.add_argument("--include-canceled", action="store_true", help="what was canceled, too")


def _priority(add: Declare) -> None:
    command = add("priority", "Say how urgent jobs are.")
    _jobs(command)
    command.add_argument("priority", choices=PRIORITIES, help="how urgent")


def _move(add: Declare) -> None:
    command = add("move", "Put waiting jobs elsewhere in the queue, in the given order.")
    _jobs(command)
    where = command.add_mutually_exclusive_group(required=True)
    where.add_argument("--before", metavar="JOB", type=number, help="another waiting job")
    where.add_argument(
        "--to-end", action="store_true", help="behind all others, with the priority of the last of them"
    )


def _clear(add: Declare) -> None:
    command = add("clear", "Forget ended jobs: completed and canceled ones, unless told otherwise.")
    command.add_argument(
        "--state", action="append", choices=END_STATES, help="only these; may be given several times"
    )
    command.add_argument("--older-than", metavar="DURATION", help="only jobs that ended before: 12h, 7d")


def _wait(add: Declare) -> None:
    command = add("wait", "Wait until a job has ended; exit status 1 if it failed or was canceled.")
    command.add_argument("job", metavar="JOB", type=number, help="the number of a job")
    command.add_argument("--timeout", metavar="DURATION", help="give up after: 90s, 10m (exit status 1)")


def _inhibit(add: Declare) -> None:
    command = add("inhibit", "Run a command while no photo is developed; its exit status is passed on.")
    # What follows `--` never gets here: none of the command's own options may be taken for ours.
    command.usage = f"{command.prog} --why TEXT [--who NAME] [--all] [--anyway] -- COMMAND..."
    command.add_argument("--why", metavar="TEXT", required=True, help="why, shown to everyone")
    command.add_argument("--who", metavar="NAME", help="who asks for it; default: the command's name")
    command.add_argument("--all", action="store_true", help="stop the running photo too; it is done later")
    command.add_argument(
        "--anyway", action="store_true", help="run the command also where work cannot be held back"
    )


def _log(add: Declare) -> None:
    command = add("log", "Show the log lines of a job, photo, item or correlation ID.")
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "what", metavar="ID", nargs="?", help="a job's number, a correlation ID, or a photo by name or path"
    )
    which.add_argument("--item", metavar="ITEM", type=number, help="the number of an item")
    command.add_argument("--follow", action="store_true", help="go on with new lines, until Ctrl-C")
    command.add_argument("--level", choices=LEVELS, help="only lines at least this serious")


def _stats(add: Declare) -> None:
    command = add("stats", "Show how much was developed, and how fast.")
    command.add_argument("--by", choices=GROUPS, default="day", help="a line for each; default: day")
    command.add_argument("--since", metavar="TIME", help="from then on: 7d, 14:00, 2024-05-04")
    command.add_argument("--until", metavar="TIME", help="up to then")
    command.add_argument(
        "--openmetrics", action="store_true", help="print the daemon's figures of this moment, for monitoring"
    )


STEERING: Final[Mapping[str, Callable[[Declare], None]]] = {
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "retry": _retry,
    "priority": _priority,
    "move": _move,
    "clear": _clear,
    "wait": _wait,
    "inhibit": _inhibit,
    "log": _log,
    "stats": _stats,
}
"""What adds each of these commands."""
