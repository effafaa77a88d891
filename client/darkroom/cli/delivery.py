"""The arguments of the commands that hand over what was developed: `export` and `archive`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Final

from darkroom.cli.steering import PRIORITIES, Declare

CONTENTS: Final = ("both", "outputs", "originals")


def _export(add: Declare) -> None:
    command = add("export", "Develop a session, or some of its photos, now; what is up to date is skipped.")
    command.add_argument("session", metavar="SESSION", help="name, folder or id of the session")
    command.add_argument(
        "photos",
        metavar="PHOTO",
        nargs="*",
        default=[],
        help="only these, by file name, path or id; default: all",
    )
    command.add_argument(
        "--recipe", metavar="RECIPE", action="append", help="only these outputs; may be given several times"
    )
    command.add_argument("--force", action="store_true", help="develop also what is up to date")
    _how_far(command.add_mutually_exclusive_group().add_argument)
    _options(command, priority="high")


def _archive(add: Declare) -> None:
    command = add("archive", "Copy finished photos into folders by year, and check such copies.")
    command.add_argument(
        "sessions", metavar="SESSION", nargs="*", default=[], help="name, folder or id of a session"
    )
    command.add_argument("--to", metavar="FOLDER", help="where to; default: the configured archive")
    command.add_argument(
        "--contents", choices=CONTENTS, help="what of each photo; default: as configured, or both"
    )
    command.add_argument("--partial", action="store_true", help="leave out photos that are not finished")
    which = command.add_mutually_exclusive_group()
    _how_far(which.add_argument)
    which.add_argument(
        "--verify",
        action="store_true",
        help="copy nothing: compare what is archived, of all sessions or of these, with the checksums",
    )
    _options(command, priority="normal")


def _how_far(add: Callable[..., argparse.Action]) -> None:
    """Add what says how much of the work is to be done before the command ends."""
    add("--dry-run", action="store_true", help="only tell what would be done, and why")
    add("--wait", action="store_true", help="wait until it has ended; exit status 1 if not all went well")


def _options(command: argparse.ArgumentParser, *, priority: str) -> None:
    command.add_argument("--priority", choices=PRIORITIES, help=f"how urgent; default: {priority}")
    command.add_argument("--paused", action="store_true", help="start nothing of it before `darkroom resume`")
    command.add_argument("--label", metavar="TEXT", help="shown in lists")
    command.add_argument("--key", metavar="TEXT", help="the same again is the same job, for a day")


DELIVERY: Final[Mapping[str, Callable[[Declare], None]]] = {"export": _export, "archive": _archive}
"""What adds each of these commands."""
