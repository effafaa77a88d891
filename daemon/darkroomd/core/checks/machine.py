"""What is said of the machine: what the system grants, its memory, and its clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from darkroomd.core.checks.verdict import Finding, bad, in_bytes, lasting, verdict, worth_a_look
from darkroomd.core.status import Check

FEWEST_QUEUED_EVENTS: Final = 1_024
FEWEST_INSTANCES: Final = 8
"""Folders are watched by a new watcher beside the old one, and other programs of the user have theirs."""

SHARE_WATCHED: Final = 2
"""Other programs of the same user draw on the same watches: we should need half of them at most."""

MANY_FILES: Final = 0.8
TOO_MANY_FILES: Final = 0.95
"""Of the files that may be open at a time: from here on something is worth a look, or refused soon."""

LITTLE_MEMORY_BYTES: Final = 300_000_000
SCARCE_MEMORY_BYTES: Final = 600_000_000
"""A photo of 24 megapixels takes about 350 MB while it is developed."""

LARGE_DAEMON_BYTES: Final = 500_000_000
"""Ten times what the daemon needs for a hundred thousand photos."""

JUMP_SECONDS: Final = 60.0
AHEAD_SECONDS: Final = 86_400.0
"""No zone and no daylight saving makes a time that was right lie so far in the future."""

EARLIEST_USEC: Final = 1_704_067_200_000_000
"""The first of January 2024: no clock that is set shows a time before this program was written."""


@dataclass(frozen=True, slots=True)
class Inotify:
    """What the system grants a user, None where it does not tell; `wanted` are folders to be watched."""

    wanted: int
    watches: int | None = None
    instances: int | None = None
    queued_events: int | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: what the daemon holds, the machine has to give, and the service may take; None: unknown."""

    resident: int | None = None
    available: int | None = None
    allowed: int | None = None


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What is known of the time.

    Attributes:
        now_usec: by the wall clock, since the Unix epoch.
        jumped_seconds: how far the wall clock went beside the steady one since the daemon's start.
        newest_usec: when the newest thing on record happened; None: nothing is on record.
        photos_ahead: of the photos that came last, those whose cameras say that they are yet to be taken.
    """

    now_usec: int
    jumped_seconds: float = 0.0
    newest_usec: int | None = None
    photos_ahead: int = 0


def inotify_check(granted: Inotify) -> Check:
    """Return whether the system grants as many watches as there are folders to watch."""
    findings: list[Finding] = []
    watches, wanted = granted.watches, granted.wanted
    if watches is not None and wanted > watches:
        findings.append(
            bad(
                f"{wanted} folders are to be watched and the system grants {watches}: set "
                f"fs.inotify.max_user_watches to {_enough(wanted)} with sysctl."
            )
        )
    elif watches is not None and wanted * SHARE_WATCHED > watches:
        findings.append(
            worth_a_look(
                f"{wanted} of {watches} folders that this user may watch are taken, and other programs watch "
                f"some, too: set fs.inotify.max_user_watches to {_enough(wanted)} with sysctl."
            )
        )
    if granted.instances is not None and granted.instances < FEWEST_INSTANCES:
        findings.append(
            worth_a_look(
                f"The system grants this user {granted.instances} watchers: set "
                "fs.inotify.max_user_instances to 128 with sysctl."
            )
        )
    if granted.queued_events is not None and granted.queued_events < FEWEST_QUEUED_EVENTS:
        findings.append(
            worth_a_look(
                f"The system keeps {granted.queued_events} events, so that photos that come all at once are "
                "found late: set fs.inotify.max_queued_events to 16384 with sysctl."
            )
        )
    if watches is None:
        return verdict("inotify", findings, otherwise="The system sets no limit to watched folders.")
    return verdict("inotify", findings, otherwise=f"{wanted} of {watches} watches are needed.")


def _enough(wanted: int) -> int:
    return max(65_536, wanted * SHARE_WATCHED * 2)


def files_check(*, opened: int | None, allowed: int | None) -> Check:
    """Return whether the daemon may open as many files as it needs."""
    if opened is None or allowed is None:
        return Check("files", ok=True, message="The system does not tell how many files are open.")
    said = f"{opened} of {allowed} files that may be open at a time are."
    if opened < allowed * MANY_FILES:
        return Check("files", ok=True, message=said)
    sentence = f"{said} Raise LimitNOFILE= of the unit (or ulimit -n), and close connections nobody needs."
    finding = bad(sentence) if opened >= allowed * TOO_MANY_FILES else worth_a_look(sentence)
    return verdict("files", [finding], otherwise=said)


def memory_check(memory: Memory) -> Check:
    """Return whether there is memory to develop a photo in."""
    findings: list[Finding] = []
    if memory.available is not None and memory.available < SCARCE_MEMORY_BYTES:
        sentence = (
            f"{in_bytes(memory.available)} of memory are free, and a photo of 24 megapixels takes 350 MB. "
            "Close other programs."
        )
        findings.append(bad(sentence) if memory.available < LITTLE_MEMORY_BYTES else worth_a_look(sentence))
    if memory.allowed is not None and memory.allowed < SCARCE_MEMORY_BYTES:
        findings.append(
            worth_a_look(
                f"The service may take {in_bytes(memory.allowed)} of memory, and a photo of 24 megapixels "
                "takes 350 MB. Raise MemoryMax= of the unit."
            )
        )
    if memory.resident is not None and memory.resident > LARGE_DAEMON_BYTES:
        findings.append(
            worth_a_look(
                f"The daemon itself holds {in_bytes(memory.resident)}, which is far more than it needs. "
                "Restart it, and report it if it grows again."
            )
        )
    return verdict("memory", findings, otherwise=_in_use(memory))


def _in_use(memory: Memory) -> str:
    said = "The system does not tell what memory is free."
    if memory.available is not None:
        said = f"{in_bytes(memory.available)} of memory are free."
    return said if memory.resident is None else f"{said} The daemon holds {in_bytes(memory.resident)}."


def clock_check(clock: ClockFacts) -> Check:
    """Return whether the time can be trusted: of this machine, and of the cameras."""
    findings: list[Finding] = []
    if clock.now_usec < EARLIEST_USEC:
        findings.append(
            bad(
                "The clock of this machine is not set. Set it, or let it be set from the network "
                "(timedatectl set-ntp true): archives and statistics go by it."
            )
        )
    elif clock.newest_usec is not None and clock.newest_usec > clock.now_usec + AHEAD_SECONDS * 1_000_000:
        behind = lasting((clock.newest_usec - clock.now_usec) / 1_000_000)
        findings.append(
            worth_a_look(
                f"The newest thing on record happened {behind} from now: the clock was, or is, wrong. Set it "
                "(timedatectl set-ntp true)."
            )
        )
    if abs(clock.jumped_seconds) >= JUMP_SECONDS:
        direction = "forward" if clock.jumped_seconds > 0 else "back"
        findings.append(
            worth_a_look(
                f"The clock was set {direction} by {lasting(abs(clock.jumped_seconds))} since the daemon "
                "started. Photos are not affected; times in the history from before may be wrong."
            )
        )
    if clock.photos_ahead:
        findings.append(
            worth_a_look(
                f"By their camera, {clock.photos_ahead} of the newest photos are taken in the future. Set "
                "the camera's clock, and correct the photos with `darkroom set-time`."
            )
        )
    return verdict("clock", findings, otherwise="The clock is set, and was not set back or forward.")
