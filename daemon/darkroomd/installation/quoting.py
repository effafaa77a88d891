"""Paths in unit files, by the rules of systemd: specifiers, variables, quotes, and what cannot be said."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from darkroom.errors import EXIT_USAGE, DarkroomError

_PLAIN: Final = re.compile(r"[A-Za-z0-9_@+=:,./-]+")
"""Words that mean themselves, in every setting."""

_ESCAPED: Final = {0x09: r"\t", 0x0A: r"\n", 0x0D: r"\r", 0x22: r"\"", 0x5C: r"\\"}

_UNSAFE_PROGRAM: Final = re.compile(rb"[\x00-\x1f\x7f\"'\\]")
"""What systemd refuses in the path of a program, however it is written."""

_UNSAFE_FOLDER: Final = re.compile(r"[\x00-\x1f\x7f\udc80-\udcff]")
"""What a list of paths cannot hold: bytes that are no UTF-8, and controls, for which it has no escapes."""

_RUN_ARGUMENTS: Final = ("/bin/sh", "-c", 'exec "$0" "$@"')


class FolderNotForSystemd(DarkroomError):
    """The name of a folder cannot be written into a unit file."""

    code = "service.folder_not_for_systemd"
    exit_status = EXIT_USAGE

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"systemd cannot be told of the folder {str(folder)!r}: it has control characters, or bytes that "
            "are no UTF-8, in its name. Rename it, or name the folder that it lies in.",
            path=str(folder),
        )


def command_line(command: Sequence[str]) -> str:
    """Return a command, whose first word is an absolute path, as the value of `ExecStart=`.

    What systemd would not run by its path is run by the shell, which becomes it.
    """
    program, *arguments = command
    if _UNSAFE_PROGRAM.search(os.fsencode(program)) or not _is_text(program):
        program, *arguments = (*_RUN_ARGUMENTS, *command)
    # Variables are replaced in arguments, and not in the path of the program; specifiers everywhere.
    return " ".join([_quoted(program, variables=False), *(_quoted(each) for each in arguments)])


def folder_list(folders: Sequence[Path]) -> str:
    """Return folders as the value of a setting such as `ReadWritePaths=`; one that is missing is no error.

    Raises:
        FolderNotForSystemd: one cannot be named.
    """
    return " ".join(map(_listed, folders))


def _listed(folder: Path) -> str:
    text = str(folder)
    if _UNSAFE_FOLDER.search(text):
        raise FolderNotForSystemd(folder)
    text = "-" + text.replace("%", "%%")
    if _PLAIN.fullmatch(text.replace("%", "")) and ":" not in text:
        return text
    # A backslash before any character means that character here, and nothing more.
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def _quoted(word: str, *, variables: bool = True) -> str:
    text = word.replace("%", "%%")
    if variables:
        text = text.replace("$", "$$")
    if _PLAIN.fullmatch(text.replace("%", "")):
        return text
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    number = ord(character)
    if number in _ESCAPED:
        return _ESCAPED[number]
    if number >= 0x20 and number != 0x7F and _is_text(character):  # noqa: PLR2004 - the controls of ASCII
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))


def _is_text(word: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in word)
