"""What is said of disks and of the folders on them: room, rights, and how their changes are learned of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from darkroomd.core.checks.verdict import (
    Finding,
    bad,
    counted,
    in_bytes,
    listed,
    shown,
    verdict,
    worth_a_look,
)
from darkroomd.core.model import WatchMode
from darkroomd.core.status import Check

LITTLE_BYTES: Final = 500_000_000
"""Below this a disk is as good as full: about fifty large JPEGs."""

SCARCE_BYTES: Final = 2_000_000_000
"""Below this somebody should make room before the evening."""

LITTLE_INODES: Final = 1_000
SCARCE_INODES: Final = 10_000

NO_SESSIONS: Final = (
    "No sessions are watched yet. Add one with `darkroom session add FOLDER`, or a folder of them with "
    "`darkroom root add FOLDER`."
)
UNKNOWN_TYPE: Final = "a file system of unknown type"


@dataclass(frozen=True, slots=True)
class Disk:
    """A mounted file system that photos or the queue lie on.

    Attributes:
        point: where it is mounted.
        file_system: its type, empty where the system does not tell.
        free_bytes: for users without privileges; None: it did not answer in time, or refused.
        free_inodes: files that can be made yet; None: it has no such limit, or did not answer.
    """

    point: Path
    file_system: str
    free_bytes: int | None
    free_inodes: int | None = None


class Need(StrEnum):
    """What the daemon has to be able to do in a folder."""

    READ = "read"
    SIDECARS = "sidecars"
    OUTPUTS = "outputs"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The system, asked in earnest, does not let the daemon do what it has to; `reason` in its own words."""

    folder: Path
    need: Need
    reason: str


@dataclass(frozen=True, slots=True)
class Rounds:
    """What was found when the folders of sessions were looked at.

    Attributes:
        wanted: sessions whose folders are there.
        looked_at: of those that was time for.
        silent: disks that did not answer at all.
    """

    wanted: int
    looked_at: int
    obstacles: tuple[Obstacle, ...] = ()
    silent: tuple[Path, ...] = ()


def sessions_check(watched: int, *, lost: Sequence[Path], let_go: Sequence[Path] = ()) -> Check:
    """Return how many sessions are watched, and whether all are there; `let_go` are known and not watched."""
    findings: list[Finding] = []
    if lost:
        sentence = (
            f"Not to be found or read: {listed([shown(folder) for folder in lost])}. Connect the disk or put "
            "the folders back; they are taken up again by themselves. `darkroom session remove` forgets one "
            "for good."
        )
        findings.append(bad(sentence))
    if let_go:
        sentence = (
            f"Known, and not watched any more: {listed([shown(folder) for folder in let_go])}. Neither the "
            "configuration nor a root has them. `darkroom session add` watches one again, `darkroom session "
            "remove` forgets it."
        )
        findings.append(worth_a_look(sentence))
    otherwise = f"{counted(watched, 'session is', 'sessions are')} watched." if watched else NO_SESSIONS
    return verdict("sessions", findings, otherwise=otherwise)


def space_check(disks: Sequence[Disk]) -> Check:
    """Return whether there is room for outputs, and for the queue, on every disk."""
    answered = [disk for disk in disks if disk.free_bytes is not None]
    findings = [
        *_short_of_bytes(answered),
        *_short_of_inodes(answered),
        *_silent([disk.point for disk in disks if disk.free_bytes is None]),
    ]
    room = listed([_room_on(disk) for disk in sorted(answered, key=_free_bytes)] or ["no disk"])
    return verdict("space", findings, otherwise=f"There is enough space on every disk: {room}.")


def _free_bytes(disk: Disk) -> int:
    return disk.free_bytes or 0


def _room_on(disk: Disk) -> str:
    return f"{in_bytes(_free_bytes(disk))} on {shown(disk.point)}"


def _short_of_bytes(disks: Sequence[Disk]) -> list[Finding]:
    scarce = [disk for disk in disks if _free_bytes(disk) < SCARCE_BYTES]
    little = [disk for disk in scarce if _free_bytes(disk) < LITTLE_BYTES]
    findings: list[Finding] = []
    if little:
        rooms = listed([_room_on(disk) for disk in little])
        findings.append(
            bad(
                f"Hardly any space is left: {rooms}. Free some, or archive sessions and remove them; work "
                "goes on by itself."
            )
        )
    if rest := [disk for disk in scarce if disk not in little]:
        rooms = listed([_room_on(disk) for disk in rest])
        findings.append(worth_a_look(f"Little space is left: {rooms}. Free some before it runs out."))
    return findings


def _short_of_inodes(disks: Sequence[Disk]) -> list[Finding]:
    findings: list[Finding] = []
    for disk in disks:
        if disk.free_inodes is None or disk.free_inodes >= SCARCE_INODES:
            continue
        sentence = (
            f"The disk {shown(disk.point)} has room for {disk.free_inodes} more files, however small (its "
            "inodes run out). Remove files that nobody needs."
        )
        findings.append(bad(sentence) if disk.free_inodes < LITTLE_INODES else worth_a_look(sentence))
    return findings


def folders_check(rounds: Rounds) -> Check:
    """Return whether the daemon may read, write and record in the folders of sessions."""
    by_kind: defaultdict[tuple[Need, str], list[Path]] = defaultdict(list)
    for obstacle in rounds.obstacles:
        by_kind[obstacle.need, obstacle.reason].append(obstacle.folder)
    findings = [_hindered(need, reason, folders) for (need, reason), folders in sorted(by_kind.items())]
    findings += _silent(rounds.silent)
    if rounds.looked_at < rounds.wanted and not rounds.silent:
        findings.append(
            worth_a_look(
                f"The disks are slow: in the time there was {rounds.looked_at} of {rounds.wanted} sessions "
                "could be looked at."
            )
        )
    return verdict("folders", findings, otherwise=_all_open(rounds.looked_at))


def _all_open(sessions: int) -> str:
    if not sessions:
        return "There are no folders to look at yet."
    return f"The folders of {counted(sessions, 'session', 'sessions')} can be read and written."


_SENTENCES: Final[Mapping[Need, str]] = {
    Need.READ: (
        "Photos cannot be read from {folders} ({reason}). Give the user that darkroomd runs as the right to "
        "read and enter it."
    ),
    Need.SIDECARS: (
        "Presets cannot be written beside the photos in {folders} ({reason}), so no photo is taken in there. "
        "Give the user that darkroomd runs as the right to write; under systemd, name the folder in "
        "ReadWritePaths=."
    ),
    Need.OUTPUTS: (
        "Outputs cannot be written to {folders} ({reason}). Give the user that darkroomd runs as the right "
        "to write; under systemd, name the folder in ReadWritePaths=."
    ),
    Need.RECORD: (
        "The record boothy.session.json cannot be written in {folders} ({reason}). Photos are developed all "
        "the same; programs that read the record see old news."
    ),
}


def _hindered(need: Need, reason: str, folders: Sequence[Path]) -> Finding:
    names = listed([shown(folder) for folder in folders])
    sentence = _SENTENCES[need].format(folders=names, reason=reason)
    return worth_a_look(sentence) if need is Need.RECORD else bad(sentence)


def _silent(points: Sequence[Path]) -> list[Finding]:
    if not points:
        return []
    names = listed([shown(point) for point in points])
    return [
        bad(
            f"No answer in time from the disk {names}. Look at the network or the cable; its sessions wait, "
            "the others do not."
        )
    ]


def watching_check(modes: Mapping[tuple[str, WatchMode], int], *, problem: str | None) -> Check:
    """Return how changes are learned of, by type of file system; `problem`: why the system tells of none."""
    if problem is not None:
        sentence = (
            f"The system does not tell of changes in folders ({problem}), so they are looked at every few "
            "seconds instead. If it grants too few watches, raise fs.inotify.max_user_watches."
        )
        return verdict("watching", [bad(sentence)], otherwise="")
    told, polled = _by_type(modes, WatchMode.EVENTS), _by_type(modes, WatchMode.POLLING)
    sentences: list[str] = []
    if told:
        number = counted(told.total(), "session", "sessions")
        sentences.append(f"The system tells of changes in {number} on {_types(told)}.")
    if polled:
        number = counted(polled.total(), "session", "sessions")
        sentences.append(f"The folders of {number} on {_types(polled)} are looked at every few seconds.")
    return Check("watching", ok=True, message=" ".join(sentences) or "There are no folders to watch yet.")


def _by_type(modes: Mapping[tuple[str, WatchMode], int], mode: WatchMode) -> Counter[str]:
    return Counter({kind: number for (kind, its), number in modes.items() if its is mode and number})


def _types(found: Counter[str]) -> str:
    return listed(sorted(kind or UNKNOWN_TYPE for kind in found))
