"""Checks archives against their lists of checksums: which of them, how far that is, and what was found."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from darkroom.cli import words
from darkroom.cli.archived import (
    ArchiveForbidden,
    ArchiveUnreadable,
    Finding,
    NotArchived,
    Sum,
    Verdict,
    findings,
    lists_in,
    size_of,
)
from darkroom.cli.checksums import PREFIX
from darkroom.cli.naming import folder_named, session_named
from darkroom.cli.orders import NoArchiveKnown, new_correlation_id, planned
from darkroom.cli.progress import bar
from darkroom.cli.tables import Paint, Tone, unpainted
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.client import Client
from darkroom.errors import (
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_USAGE,
    DaemonUnreachable,
    DarkroomError,
    InvalidParameter,
)
from darkroom.protocol.types import JobOptions

_DRAW_SECONDS: Final = 0.1
_PACE_SECONDS: Final = 1.0
"""So long it is read before a pace is told."""

_USEC: Final = 1_000_000
_WITHOUT_DAEMON: Final = "Start it with darkroomd, or say with --to FOLDER where the archive is."
_ABOUT_COPIES: Final = ("contents", "partial", "priority", "paused", "label", "key")


class Tally(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many files were found how.

    Attributes:
        files: that the lists of checksums name.
        bytes_read: of these files.
        wrong_lines: lines of lists that name no file of the archive.
        empty_manifests: lists that name nothing at all.
        unreadable_manifests: lists that cannot be read.
    """

    files: int
    bytes_read: int
    missing: int = 0
    changed: int = 0
    unreadable: int = 0
    wrong_lines: int = 0
    empty_manifests: int = 0
    unreadable_manifests: int = 0

    @property
    def all_right(self) -> bool:
        """Whether every file is as it was archived, and no list is damaged."""
        files = self.missing or self.changed or self.unreadable
        return not (files or self.wrong_lines or self.empty_manifests or self.unreadable_manifests)


class NothingIsCopied(DarkroomError):
    """What is said about copies means nothing where nothing is copied."""

    code = "NothingIsCopied"
    exit_status = EXIT_USAGE

    def __init__(self) -> None:
        super().__init__("--verify copies nothing: only --to, --json and sessions go with it.")


def verify(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Compare what is archived with its lists of checksums; tell what is not as it was.

    Raises:
        NoArchiveKnown, NotArchived: there is nothing to compare.
        NothingIsCopied: something else is asked for as well.
    """
    given: dict[str, object] = vars(arguments)
    if any(given[name] for name in _ABOUT_COPIES):
        raise NothingIsCopied
    folder = Path(folder_named(arguments.to) if arguments.to is not None else _configured(client))
    names = _lists(client, folder, arguments.sessions)
    reader = _Reader(folder, screen, is_json=arguments.json)
    try:
        tally = reader.read(names)
    finally:
        screen.erase()
    if arguments.json:
        screen.show_json([msgspec.json.encode(tally)])
    else:
        screen.show(verified(tally))
    return EXIT_DONE if tally.all_right else EXIT_FAILED


def verified(tally: Tally) -> list[str]:
    """Return in a sentence or two whether all is as it was archived."""
    files = f"{tally.files} file" if tally.files == 1 else f"{tally.files} files"
    if tally.all_right:
        return [f"All is as it was archived: {files}, {words.size(tally.bytes_read)}."]
    found = (
        f"{tally.missing} missing" if tally.missing else "",
        f"{tally.changed} changed" if tally.changed else "",
        f"{tally.unreadable} unreadable" if tally.unreadable else "",
    )
    told = ", ".join(filter(None, found)) or "all as they were archived"
    return [
        f"{files}, {words.size(tally.bytes_read)} read: {told}.",
        *([f"Lines that name no file of the archive: {tally.wrong_lines}."] if tally.wrong_lines else []),
        *(
            [f"SHA256SUMS files that name nothing at all: {tally.empty_manifests}."]
            if tally.empty_manifests
            else []
        ),
        *(
            [f"SHA256SUMS files that cannot be read: {tally.unreadable_manifests}."]
            if tally.unreadable_manifests
            else []
        ),
    ]


def finding_line(finding: Finding, *, paint: Paint = unpainted) -> str:
    """Return what is not as it was archived, in a line."""
    line = f"{finding.manifest}, line {finding.line}  " if finding.line else ""
    what = f"{words.path_of(finding.file)}  " if finding.file else line
    verdict = "wrong line" if finding.verdict is Verdict.WRONG_LINE else str(finding.verdict)
    return f"{paint(verdict.ljust(10), Tone.BAD)}  {printable(f'{what}{finding.why}'.rstrip())}"


def _configured(client: Client) -> str:
    """Return the folder that the daemon is configured to archive to."""
    correlation_id = new_correlation_id()
    try:
        client.start_archive([], dry_run=True, options=JobOptions(correlation_id=correlation_id))
    except InvalidParameter as error:
        raise NoArchiveKnown from error
    except DaemonUnreachable as error:
        path, reason = str(error.context["path"]), str(error.context["reason"])
        raise DaemonUnreachable(path, reason, remedy=_WITHOUT_DAEMON) from error
    for line in planned(client, correlation_id, "archive_planned"):
        destination = line.fields.get("destination")
        if isinstance(destination, str):
            return destination
    raise NoArchiveKnown


def _lists(client: Client, folder: Path, sessions: Sequence[str]) -> Sequence[str]:
    """Return the names of the lists of these sessions, of all where none is named."""
    known = lists_in(folder)
    if not sessions:
        return known
    return list(dict.fromkeys(_list_of(client, folder, word, known) for word in sessions))


def _list_of(client: Client, folder: Path, word: str, known: Sequence[str]) -> str:
    # An archive may outlive the daemon that made it: by its id a session is found without one.
    if f"{PREFIX}{word}" in known:
        return f"{PREFIX}{word}"
    name = f"{PREFIX}{session_named(client, word).id}"
    if name not in known:
        raise NotArchived(str(folder), word)
    return name


class _Reader:
    """Goes through lists, shows what is not right, and how far it is."""

    def __init__(self, folder: Path, screen: Screen, *, is_json: bool) -> None:
        self._folder = folder
        self._screen = screen
        self._is_json = is_json
        self._draws = screen.can_redraw and not is_json
        self._found: Counter[Verdict] = Counter()
        self._bytes_read = 0
        self._all = Sum(0, 0)
        self._began_at = self._drawn_at = time.monotonic()

    def read(self, names: Sequence[str]) -> Tally:
        """Go through these lists and return what was found.

        Raises:
            ArchiveUnreadable, ArchiveForbidden: none of them can be read.
        """
        if self._draws:
            self._all = size_of(self._folder, names)
        empty = 0
        unreadable: list[ArchiveUnreadable | ArchiveForbidden] = []
        for name in names:
            try:
                empty += not self._read_one(name)
            except (ArchiveUnreadable, ArchiveForbidden) as error:
                unreadable.append(error)
                if len(unreadable) == len(names):
                    raise
                self._tell(
                    Finding(verdict=Verdict.UNREADABLE, manifest=name, line=0, why=printable(error.message))
                )
        return Tally(
            files=self._files,
            bytes_read=self._bytes_read,
            missing=self._found[Verdict.MISSING],
            changed=self._found[Verdict.CHANGED],
            unreadable=self._found[Verdict.UNREADABLE],
            wrong_lines=self._found[Verdict.WRONG_LINE],
            empty_manifests=empty,
            unreadable_manifests=len(unreadable),
        )

    @property
    def _files(self) -> int:
        return self._found.total() - self._found[Verdict.WRONG_LINE]

    def _read_one(self, name: str) -> bool:
        """Go through a list and return whether it says anything."""
        before = self._found.total()
        for finding in findings(self._folder, name, on_bytes=self._advance):
            self._found[finding.verdict] += 1
            self._tell(finding)
        return self._found.total() > before

    def _tell(self, finding: Finding) -> None:
        if self._is_json:
            self._screen.show_json([msgspec.json.encode(finding)])
        elif finding.verdict is not Verdict.OK:
            self._screen.show([finding_line(finding, paint=self._screen.paint)])

    def _advance(self, count: int) -> None:
        self._bytes_read += count
        now = time.monotonic()
        if self._draws and now - self._drawn_at >= _DRAW_SECONDS:
            self._drawn_at = now
            passed = now - self._began_at
            self._screen.redraw(reading(Sum(self._files, self._bytes_read), of=self._all, seconds=passed))


def reading(done: Sum, *, of: Sum, seconds: float) -> str:
    """Return how far the reading is after so many seconds: a bar, counts, pace and the time left."""
    parts = [f"{done.files} of {of.files} files"]
    if seconds >= _PACE_SECONDS and done.size_bytes:
        per_second = done.size_bytes / seconds
        parts.append(f"{words.size(int(per_second))}/s")
        left = max(0, of.size_bytes - done.size_bytes) / per_second
        parts.append(words.time_left(round(left * _USEC)))
    return f"{bar(done.size_bytes, of=of.size_bytes)} {', '.join(parts)}"
