"""The arguments of the commands about presets and about which photos count, and when they were taken."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from darkroom.cli.steering import Declare


def _presets(add: Declare) -> None:
    add("presets", "List the presets.")


def _apply_preset(add: Declare) -> None:
    command = add("apply-preset", "Develop photos anew with another preset.")
    command.add_argument("preset", metavar="PRESET", help="id of the preset")
    _photos(command)


def _discard(add: Declare) -> None:
    _photos(add("discard", "Leave photos out of development, export and archive."))


def _restore(add: Declare) -> None:
    _photos(add("restore", "Take discarded photos back in."))


def _set_time(add: Declare) -> None:
    command = add("set-time", "Correct when photos were taken.")
    _photos(command)
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--at", metavar="TIME", help="for all of them: 14:00, 2024-05-04T14:00")
    which.add_argument(
        "--offset", metavar="DURATION", help="what the camera's clock was behind: 1h30m, or ahead: -1h"
    )
    which.add_argument("--clear", action="store_true", help="the camera's time holds again")


def with_offsets_joined(words: Sequence[str]) -> list[str]:
    """Return the words with `--offset -1h` as one word: argparse would take its value for an option."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--offset" and word.startswith("-"):
            joined[-1] = f"--offset={word}"
        else:
            joined.append(word)
    return joined


def _photos(command: argparse.ArgumentParser) -> None:
    command.add_argument("photos", metavar="PHOTO", nargs="+", help="by file name, path or id")


CULLING: Final[Mapping[str, Callable[[Declare], None]]] = {
    "presets": _presets,
    "apply-preset": _apply_preset,
    "discard": _discard,
    "restore": _restore,
    "set-time": _set_time,
}
"""What adds each of these commands."""
