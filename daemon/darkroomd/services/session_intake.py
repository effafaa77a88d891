"""One session's intake: keeps its `Raw/` folder and the queue in step."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import anyio
import anyio.lowlevel
import structlog
from structlog.contextvars import bound_contextvars

from darkroom.errors import DarkroomError
from darkroomd.core.intake import (
    Candidate,
    EntryKind,
    Ignored,
    Vanished,
    arriving_photo,
    classify,
    differences,
    is_backlog,
    sighting_of,
)
from darkroomd.core.model import (
    RAW_FOLDER,
    CorrelationId,
    Fingerprint,
    Happening,
    PhotoState,
    Session,
    WatchMode,
)
from darkroomd.core.recorded_outputs import RecordedPhoto
from darkroomd.core.scan_pace import retry_wait
from darkroomd.core.stability import Look
from darkroomd.core.waiting_room import FirstSeen, Growing, Left, Notice, Origin, Ready, WaitingRoom
from darkroomd.files.folders import is_folder
from darkroomd.files.looks import look_at
from darkroomd.files.mounts import is_remote
from darkroomd.files.watch import Change, Hint
from darkroomd.services.handover import Fate, Handover, SettledFile
from darkroomd.services.surroundings import Surroundings
from darkroomd.services.survey import Sight, find_outdated, look_around, read_recorded, sweep_leftovers

SILENT_SECONDS: Final = 10.0
"""A folder that could not be listed for so long is not available, whatever becomes of it."""

LOOKS_AT_ONCE: Final = 512
"""Files looked at in one go of a thread: some ten milliseconds of work."""

BURST_HINTS: Final = 500
"""So many hints at one time may not be all of them."""

NOTICES_AT_ONCE: Final = 64
"""Files spoken of before everyone else in the event loop gets a turn."""

FILES_AT_ONCE: Final = 32
"""Files frozen in one go of a thread: as many syncs of the disk."""

USEC: Final = 1_000_000

Result = TypeVar("Result")

log = structlog.get_logger()


class Presence(StrEnum):
    """Whether a session's folders are there."""

    UNKNOWN = "unknown"
    PRESENT = "present"
    NO_RAW = "no_raw"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class _Sighted:
    """A file that was seen and is not handed over yet."""

    correlation_id: CorrelationId
    seen_at_usec: int
    backlog: bool


class SessionIntake:
    """Scans, looks and hands over.

    Hints and requests are noted at once; `attend` does what is due, and is not to be called twice at a time.
    `appeared`: the session's folder was made while we watched.
    """

    def __init__(self, session: Session, around: Surroundings, *, appeared: bool) -> None:
        self.session: Final = session
        self.raw: Final = session.folder / RAW_FOLDER
        self._around = around
        self._handover = Handover(session, around, self._on_disk)
        self._armed: frozenset[Path] = frozenset()
        self._remote = is_remote(self.raw)
        self._appeared = appeared
        self._presence = Presence.UNKNOWN
        self._pace = around.new_pace()
        self._asked_at = math.inf
        self._polled = 1
        self._retry_wait = 0.0
        self._room = WaitingRoom(around.options.patience, {})
        self._sighted: dict[str, _Sighted] = {}
        self._ready_backlog: dict[str, Fingerprint] = {}
        self._ignored: Mapping[str, Ignored] = {}
        self._recorded: Mapping[str, RecordedPhoto] = {}

    @property
    def mode(self) -> WatchMode:
        """How the session's folder is observed at this moment."""
        silent = self._asked_at + SILENT_SECONDS < anyio.current_time()
        if silent or self._presence is Presence.LOST:
            return WatchMode.UNAVAILABLE
        return WatchMode.EVENTS if self._is_watched else WatchMode.POLLING

    @property
    def presence(self) -> Presence:
        """Whether the session's folders were there when they were last looked at."""
        return self._presence

    @property
    def targets(self) -> tuple[Path, ...]:
        """The folders that are worth watching for this session, there or not."""
        return () if self._remote else (self.session.folder, self.raw)

    @property
    def _is_watched(self) -> bool:
        place = self.raw if self._presence is Presence.PRESENT else self.session.folder
        return place in self._armed and not self._remote

    def note_watched(self, armed: frozenset[Path], *, polled: int) -> None:
        """Note which folders hints come from at this moment, and how many sessions are polled."""
        self._armed = armed
        self._polled = polled

    def next_due(self) -> float:
        """Return when to call `attend` next, in seconds of the monotonic clock."""
        if self._ready_backlog:
            return -math.inf
        return min(self._pace.at, self._room.next_due())

    def scan_soon(self) -> None:
        """Have the whole folder looked at as soon as possible."""
        self._pace.soon()

    def take_hints(self, hints: Sequence[Hint], vanished: Vanished) -> None:
        """Note what may have happened to names in `Raw/`, and what vanished in the same moment."""
        if self._presence is not Presence.PRESENT:
            self.scan_soon()
            return
        now = anyio.current_time()
        extensions = self._around.options.extensions
        ours = [hint for hint in hints if classify(hint.name, EntryKind.FILE, extensions) == Candidate()]
        if len(ours) >= BURST_HINTS:
            # The kernel drops events when too many come at once, and says so to nobody who could tell us.
            self._pace.within(self._around.options.poll_seconds, now=now)
        for hint in ours:
            if hint.change is Change.ADDED:
                self._room.announce(hint.name, Origin(sighting_of(hint.name, vanished)))
            else:
                self._room.hint(hint.name, now=now)

    def look_again(self, name: str, correlation_id: CorrelationId | None) -> None:
        """Wait for a photo's file to settle anew and compare it with its record."""
        self._room.doubt(name, correlation_id)

    async def attend(self) -> None:
        """Do what is due: scan, look, hand over."""
        try:
            if self._pace.at <= anyio.current_time():
                await self._scan()
            if self._presence is Presence.PRESENT:
                await self._look()
                await self._hand_over_backlog()
        except DarkroomError as error:
            # The store refuses, for instance because its disk is full. The next scan begins anew.
            log.warning("intake_interrupted", session=self.session.id, problem=error.message)
            self._interrupted()
        except OSError as error:
            await self._lose(error)
        except Exception:
            # The border of one session: the others go on, and this one is looked at anew.
            log.exception("intake_hit_a_bug", session=self.session.id)
            self._interrupted()

    def _interrupted(self) -> None:
        self._start_over(Presence.UNKNOWN)
        self._pace.lost(now=anyio.current_time())

    async def _scan(self) -> None:
        begun_at = anyio.current_time()
        work = partial(look_around, self.raw, self._around.options.extensions, self._ignored)
        self._asked_at = begun_at
        try:
            sight = await self._on_disk(work)
        except (OSError, DarkroomError) as error:
            await self._lose(error)
            return
        finally:
            self._asked_at = math.inf
        took = anyio.current_time() - begun_at
        self._say_ignored(sight)
        first = self._presence is not Presence.PRESENT
        if first:
            await self._begin(sight)
            log.info("session_found", session=self.session.id, folder=str(self.session.folder))
            self._presence = Presence.PRESENT
        await self._announce(sight, first=first)
        now = anyio.current_time()
        self._pace.found(now=now, watched=self._is_watched, took_seconds=took, polled=self._polled)

    async def _announce(self, sight: Sight, *, first: bool) -> None:
        dealt_with = dict(self._room.dealt_with)
        found = await self._on_disk(partial(differences, sight.candidates, dealt_with=dealt_with))
        backlog = first and is_backlog(len(found.fresh), appeared=self._appeared)
        self._appeared = False
        now = anyio.current_time()
        for name in found.fresh:
            if first:
                self._room.announce(name, Origin(backlog=backlog))
            else:
                self._room.found(name, sight.candidates[name], now=now)
        for name in found.gone:
            self._room.announce(name)

    async def _begin(self, sight: Sight) -> None:
        """Learn what the store knows of the photos, and which of them may have to be developed."""
        self._remote = is_remote(self.raw)
        folder, plan = self.session.folder, self._around.plan
        known = await self._around.store.known_photos(self.session.id)
        compare = partial(find_outdated, known, sight.candidates, folder=folder, plan=plan)
        doubts = await self._on_disk(compare)
        await self._handover.note_aged([known[name].id for name in sorted(doubts.aged)])
        await self._handover.note_renewed([known[name].id for name in sorted(doubts.renewed)])
        dealt_with = {
            name: photo.fingerprint
            for name, photo in known.items()
            if photo.state is not PhotoState.MISSING and name not in doubts.doubtful
        }
        self._room = WaitingRoom(self._around.options.patience, dealt_with)
        strangers = sight.candidates.keys() - known.keys()
        self._recorded = await self._on_disk(partial(read_recorded, folder)) if strangers else {}
        if not known:
            # Of a session that was known the daemon removed them before it began to work in it.
            await self._on_disk(partial(sweep_leftovers, folder, output_folder=plan.folder))

    async def _lose(self, error: OSError | DarkroomError) -> None:
        waits = isinstance(error, FileNotFoundError) and await self._on_disk(
            partial(is_folder, self.session.folder)
        )
        presence = Presence.NO_RAW if waits else Presence.LOST
        if presence is not self._presence:
            problem = error.message if isinstance(error, DarkroomError) else os.strerror(error.errno or 0)
            level, event = (
                (logging.INFO, "session_waits_for_raw") if waits else (logging.WARNING, "session_lost")
            )
            folder = str(self.session.folder)
            log.log(level, event, session=self.session.id, folder=folder, problem=problem)
        now = anyio.current_time()
        self._start_over(presence)
        self._appeared = waits
        if waits:
            self._pace.found(now=now, watched=self._is_watched, took_seconds=0.0, polled=self._polled)
        else:
            self._pace.lost(now=now)

    def _start_over(self, presence: Presence) -> None:
        self._presence = presence
        self._room = WaitingRoom(self._around.options.patience, {})
        self._sighted.clear()
        self._ready_backlog.clear()
        self._handover.start_over()

    async def _look(self) -> None:
        """Look at the files that are due, and hand over those that are ready."""
        looks: dict[str, Look] = {}
        for some in _batches(self._room.due(now=anyio.current_time()), LOOKS_AT_ONCE):
            try:
                looks |= await self._on_disk(partial(look_at, self.raw, some, leases=not self._remote))
            except (OSError, DarkroomError) as error:
                await self._lose(error)
                return
        ready: dict[str, Fingerprint] = {}
        # One time for all: what was seen together is due together, and a backlog becomes one job.
        now = anyio.current_time()
        for number, (name, look) in enumerate(looks.items(), start=1):
            for notice in self._room.saw(name, look, now=now):
                await self._notice(name, notice, ready)
            if number % NOTICES_AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
        for some in _batches(tuple(ready), FILES_AT_ONCE):
            await self._hand_over({name: ready[name] for name in some})

    async def _notice(self, name: str, notice: Notice, ready: dict[str, Fingerprint]) -> None:
        raw = str(self.raw / name)
        if isinstance(notice, FirstSeen):
            self._sight(name, notice)
        sighted = self._sighted.get(name)
        with bound_contextvars(**self._ids(sighted)):
            match notice:
                case FirstSeen(fingerprint=fingerprint):
                    log.info("photo_detected", raw=raw, size_bytes=fingerprint.size_bytes)
                case Ready(fingerprint=fingerprint) if sighted is not None:
                    waited = (self._around.now_usec() - sighted.seen_at_usec) / USEC
                    log.info("photo_settled", raw=raw, seconds=round(waited, 3))
                    (self._ready_backlog if sighted.backlog else ready)[name] = fingerprint
                case Growing(seconds=seconds, lease=lease):
                    log.warning("file_still_growing", raw=raw, seconds=round(seconds), writer=lease)
                case Left(dealt_with=True):
                    self._sighted.pop(name, None)
                    self._handover.forget(name)
                    await self._handover.report_missing(name)
                case Left():
                    self._sighted.pop(name, None)
                    self._handover.forget(name)
                    log.info("arriving_file_gone", raw=raw)
                case Ready():
                    raise AssertionError(f"{name} was ready before it was seen.")

    def _sight(self, name: str, notice: FirstSeen) -> None:
        origin, now_usec = notice.origin, self._around.now_usec()
        correlation_id = origin.correlation_id or self._around.new_correlation_id()
        self._sighted[name] = _Sighted(correlation_id, now_usec, origin.backlog)
        if origin.backlog:
            # Thousands at a time; watchers are told when they are queued.
            return
        photo = arriving_photo(
            self.session, name, notice.fingerprint, correlation_id=correlation_id, arrived_at_usec=now_usec
        )
        self._around.publish(Happening("photo.arriving", now_usec, photo=photo, session_id=self.session.id))

    def _ids(self, sighted: _Sighted | None) -> dict[str, str]:
        ids: dict[str, str] = {"session": self.session.id}
        return ids if sighted is None else {**ids, "correlation_id": sighted.correlation_id}

    async def _hand_over_backlog(self) -> None:
        """Hand over some of the backlog: what arrives meanwhile gets its turn in between."""
        some = dict(islice(self._ready_backlog.items(), FILES_AT_ONCE))
        for name in some:
            del self._ready_backlog[name]
        if some:
            await self._hand_over(some)

    async def _hand_over(self, ready: Mapping[str, Fingerprint]) -> None:
        files = [self._settled_file(name, fingerprint) for name, fingerprint in ready.items()]
        fates = await self._handover.take(files)
        self._end(fates)
        if not self._ready_backlog:
            self._end(await self._handover.queue_backlog())
        for name in await self._handover.take_renamed():
            self._room.doubt(name, None)

    def _settled_file(self, name: str, fingerprint: Fingerprint) -> SettledFile:
        sighted = self._sighted[name]
        return SettledFile(
            name=name,
            fingerprint=fingerprint,
            correlation_id=sighted.correlation_id,
            seen_at_usec=sighted.seen_at_usec,
            backlog=sighted.backlog,
            recorded=self._recorded.get(name),
        )

    def _end(self, fates: Mapping[SettledFile, Fate]) -> None:
        self._retry_wait = retry_wait(
            self._retry_wait,
            refused=Fate.TRY_AGAIN in fates.values(),
            first_seconds=self._around.options.retry_seconds,
            longest_seconds=self._around.options.scan_seconds,
        )
        until = anyio.current_time() + self._retry_wait
        for file, fate in fates.items():
            match fate:
                case Fate.HANDED_OVER | Fate.NO_RAW:
                    self._room.deal_with(file.name, file.fingerprint)
                    self._sighted.pop(file.name, None)
                case Fate.TRY_AGAIN:
                    self._room.put_off(file.name, until=until)
                case Fate.WAITS:
                    pass

    def _say_ignored(self, sight: Sight) -> None:
        self._ignored = sight.ignored
        for name, verdict in sight.news.items():
            raw = str(self.raw / name)
            log.debug("file_ignored", session=self.session.id, raw=raw, reason=verdict.reason)

    async def _on_disk(self, work: Callable[[], Result]) -> Result:
        return await self._around.disks.do(self.session.folder, work)


def _batches(names: Sequence[str], size: int) -> list[Sequence[str]]:
    return [names[start : start + size] for start in range(0, len(names), size)]
