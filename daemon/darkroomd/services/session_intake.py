"""One session's intake: keeps its `Raw/` folder and the queue in step."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import anyio
import structlog

from darkroom.errors import DarkroomError
from darkroomd.core.intake import (
    Candidate,
    EntryKind,
    Ignored,
    Vanished,
    classify,
    differences,
    is_backlog,
    sighting_of,
)
from darkroomd.core.model import RAW_FOLDER, CorrelationId, JobId, Photo, PhotoState, Session, WatchMode
from darkroomd.core.recorded_outputs import RecordedSession
from darkroomd.core.scan_pace import FolderMemory
from darkroomd.core.waiting_room import Origin
from darkroomd.files.folders import is_folder
from darkroomd.files.mounts import is_remote
from darkroomd.files.scan import glance_at
from darkroomd.files.watch import Change, Hint
from darkroomd.services.companions import Companions
from darkroomd.services.handover import Handover
from darkroomd.services.lost_outputs import LostOutputs
from darkroomd.services.reception import Reception
from darkroomd.services.surroundings import Surroundings
from darkroomd.services.survey import (
    Sight,
    find_outdated,
    look_around,
    read_recorded,
    sweep_former,
    sweep_leftovers,
)

SILENT_SECONDS: Final = 10.0
"""A folder that could not be listed for so long is not available, whatever becomes of it."""

BURST_HINTS: Final = 500
"""So many hints at one time may not be all of them."""

Result = TypeVar("Result")

log = structlog.get_logger()


class Presence(StrEnum):
    """Whether a session's folders are there."""

    UNKNOWN = "unknown"
    PRESENT = "present"
    NO_RAW = "no_raw"
    LOST = "lost"


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
        self.seen: Final = anyio.Event()
        """Set once the session's folders were looked at, or turned out to be away."""
        self.first_look: Final = anyio.Event()
        """Set once what the session held is known to be queued, or in order."""
        self._pace = around.new_pace()
        self._asked_at = math.inf
        self._polled = 1
        self._watchable = True
        self._reception = Reception(session, around, self._handover, self._on_disk)
        self._companions = Companions(
            session,
            around,
            self._on_disk,
            photos=lambda: self._reception.room.dealt_with,
            is_settled=lambda: self._reception.is_empty,
        )
        self._ignored: Mapping[str, Ignored] = {}
        self._names = FolderMemory()
        self._lost_outputs = LostOutputs(session, around, self._on_disk)
        self._recipes_are_new = False

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
    def arriving(self) -> tuple[Photo, ...]:
        """What was seen and is no photo of the queue yet."""
        return self._reception.arriving

    @property
    def targets(self) -> tuple[Path, ...]:
        """The folders that are worth watching for this session, there or not."""
        if self._remote:
            return ()
        return (self.session.folder, self.raw) if self._watchable else (self.session.folder,)

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
        return min(self._pace.at, self._reception.next_due(), self._companions.next_due())

    def adopt(self) -> None:
        """Observe the folder by the options as they are now."""
        self._around.set_pace(self._pace)
        self._reception.adopt()
        self._companions.adopt()

    def compare_soon(self) -> None:
        """Have the photos compared with the recipes, which are other ones now."""
        self._recipes_are_new = True
        self._pace.soon()

    def scan_soon(self) -> None:
        """Have the whole folder looked at as soon as possible."""
        self._pace.soon()

    def take_hints(self, hints: Sequence[Hint], vanished: Vanished) -> None:
        """Note what may have happened to names in `Raw/`, and what vanished in the same moment."""
        if self._presence is not Presence.PRESENT:
            self.scan_soon()
            return
        self._companions.take_hints(hint.name for hint in hints)
        now, room = anyio.current_time(), self._reception.room
        extensions = self._around.options.extensions
        ours = [hint for hint in hints if classify(hint.name, EntryKind.FILE, extensions) == Candidate()]
        if len(ours) >= BURST_HINTS:
            # The kernel drops events when too many come at once, and says so to nobody who could tell us.
            self._pace.within(self._around.options.poll_seconds, now=now)
        # What is heard of at one moment comes in no order; by name it is mostly that in which it was taken.
        for hint in sorted(ours, key=lambda hint: hint.name):
            if hint.change is Change.ADDED:
                room.announce(hint.name, Origin(sighting_of(hint.name, vanished)))
            else:
                room.hint(hint.name, now=now)

    def look_again(self, name: str, correlation_id: CorrelationId | None) -> None:
        """Wait for a photo's file to settle anew and compare it with its record."""
        self._reception.room.doubt(name, Origin(correlation_id=correlation_id))

    def end(self) -> None:
        """Forget what waits to be taken in: nobody watches this session any more."""
        self._handover.start_over()

    @property
    def backfill(self) -> JobId | None:
        """The job of what the session held when it was found, if there was anything to do."""
        return self._handover.backfill

    async def attend(self) -> None:
        """Do what is due: scan, look, hand over."""
        await self._attend()
        known = self._presence is not Presence.UNKNOWN
        if known:
            self.seen.set()
        if (known and self._reception.is_empty) or self.backfill is not None:
            self.first_look.set()

    async def _attend(self) -> None:
        try:
            if self._pace.at <= anyio.current_time():
                await self._scan()
            if self._presence is Presence.PRESENT:
                await self._look()
                await self._companions.attend(leases=not self._remote)
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
        first, due = self._presence is not Presence.PRESENT, self._pace.begin(now=begun_at)
        # The times of folders on shares are not to be relied upon.
        thorough = due or self._remote or first
        self._asked_at = begun_at
        folders = self._around.plan.folders
        try:
            look = partial(glance_at, self.raw, tuple(self.session.folder / folder for folder in folders))
            glance = await self._on_disk(look)
            stands = not thorough and self._names.stands(glance.raw)
            sight = None if stands else await self._on_disk(self._look_around)
        except (OSError, DarkroomError) as error:
            await self._lose(error)
            return
        finally:
            self._asked_at = math.inf
        took = anyio.current_time() - begun_at
        busy = False
        if sight is not None:
            busy = await self._take_in(sight, first=first)
            self._names.listed(glance.raw, now=begun_at)
        outputs = dict(zip(folders, glance.outputs, strict=True))
        if due or not self._lost_outputs.stand(outputs):
            if not first:
                await self._lost_outputs.look(self._reception.room, thorough=due)
            # At the first look all of them were compared with their records.
            self._lost_outputs.note(outputs, now=begun_at)
        self._pace.found(
            now=anyio.current_time(),
            watched=self._is_watched,
            took_seconds=took,
            polled=self._polled,
            busy=busy or not self._reception.is_empty,
        )

    def _look_around(self) -> Sight:
        return look_around(self.raw, self._around.options.extensions, self._ignored)

    async def _take_in(self, sight: Sight, *, first: bool) -> bool:
        """Note what a scan found; return whether there was news in it."""
        self._say_ignored(sight)
        self._watchable = sight.watchable
        if first:
            await self._begin(sight)
            log.info("session_found", session=self.session.id, folder=str(self.session.folder))
            self._presence = Presence.PRESENT
        elif self._recipes_are_new:
            await self._doubt_outdated(sight)
        news = await self._announce(sight, first=first)
        await self._companions.scan()
        return news

    async def _announce(self, sight: Sight, *, first: bool) -> bool:
        room = self._reception.room
        found = await self._on_disk(partial(differences, sight.candidates, dealt_with=dict(room.dealt_with)))
        backlog = first and is_backlog(len(found.fresh), appeared=self._appeared)
        self._appeared = False
        now = anyio.current_time()
        for name in found.fresh:
            if first:
                room.announce(name, Origin(backlog=backlog))
            else:
                room.found(name, sight.candidates[name], now=now)
        for name in found.gone:
            room.announce(name)
        return bool(found.fresh or found.gone)

    async def _begin(self, sight: Sight) -> None:
        """Learn what the store knows of the photos, and which of them may have to be developed."""
        self._remote = is_remote(self.raw)
        folder, plan = self.session.folder, self._around.plan
        known = await self._around.store.known_photos(self.session.id)
        doubtful = await self._find_outdated(sight, known)
        dealt_with = {
            name: photo.fingerprint
            for name, photo in known.items()
            if photo.state is not PhotoState.MISSING and name not in doubtful
        }
        strangers = sight.candidates.keys() - known.keys()
        recorded = RecordedSession()
        if strangers or not known:
            recorded = await self._on_disk(partial(read_recorded, folder))
        self._reception.begin(dealt_with, recorded.photos)
        if not known:
            await self._handover.take_over(recorded, found=sight.candidates)
            # Of a session that was known the daemon removed them before it began to work in it.
            await self._on_disk(partial(sweep_leftovers, folder, output_folders=plan.folders))
        outputs = [output.path for photo in known.values() for output in photo.outputs]
        outputs += [folder / output.file for photo in recorded.photos.values() for output in photo.outputs]
        removed = await self._on_disk(partial(sweep_former, folder, outputs, plan=plan))
        if removed:
            log.info("parts_swept", folder=str(folder), count=len(removed))

    async def _find_outdated(self, sight: Sight, known: Mapping[str, Photo]) -> Collection[str]:
        """Return the photos that may have to be developed; of the others it is recorded what they are."""
        self._recipes_are_new = False
        folder, plan = self.session.folder, self._around.plan
        compare = partial(find_outdated, known, sight.candidates, folder=folder, plan=plan)
        doubts = await self._on_disk(compare)
        await self._handover.note_aged([known[name].id for name in sorted(doubts.aged)])
        await self._handover.note_renewed([known[name].id for name in sorted(doubts.renewed)])
        return doubts.doubtful

    async def _doubt_outdated(self, sight: Sight) -> None:
        """Have made again what other recipes made; what is on its way is made by those that are in force."""
        known = await self._around.store.known_photos(self.session.id)
        for name in sorted(await self._find_outdated(sight, known)):
            if not self._reception.room.is_doubted(name):
                self._reception.room.doubt(name, Origin(backlog=True))

    async def _lose(self, error: OSError | DarkroomError) -> None:
        waits = isinstance(error, FileNotFoundError) and await self._stands()
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
        self._pace.begin(now=now)
        if waits:
            self._pace.found(now=now, watched=self._is_watched, took_seconds=0.0, polled=self._polled)
        else:
            self._pace.lost(now=now)

    async def _stands(self) -> bool:
        """Tell whether the session's folder is there; False where its disk does not answer."""
        try:
            return await self._on_disk(partial(is_folder, self.session.folder))
        except OSError:
            return False

    def _start_over(self, presence: Presence) -> None:
        self._presence = presence
        self._reception.start_over()
        self._companions.start_over()
        self._names.forget()
        self._lost_outputs.start_over()

    async def _look(self) -> None:
        """Look at the files that are due, and hand over those that are ready."""
        try:
            looks = await self._reception.look(leases=not self._remote)
        except (OSError, DarkroomError) as error:
            await self._lose(error)
            return
        await self._reception.take_in(looks)
        await self._reception.hand_over_backlog()

    def _say_ignored(self, sight: Sight) -> None:
        self._ignored = sight.ignored
        for name, verdict in sight.news.items():
            raw = str(self.raw / name)
            log.debug("file_ignored", session=self.session.id, raw=raw, reason=verdict.reason)

    async def _on_disk(self, work: Callable[[], Result]) -> Result:
        return await self._around.disks.do(self.session.folder, work)
