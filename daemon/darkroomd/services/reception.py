"""The files of one session between first sight and the queue: looked at when due, and handed over."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

import anyio
import anyio.lowlevel
import structlog
from structlog.contextvars import bound_contextvars

from darkroomd.core.intake import arriving_photo
from darkroomd.core.model import RAW_FOLDER, CorrelationId, Fingerprint, Happening, Photo, Session
from darkroomd.core.recorded_outputs import RecordedPhoto
from darkroomd.core.scan_pace import retry_wait
from darkroomd.core.stability import Look
from darkroomd.core.waiting_room import FirstSeen, Growing, Left, Notice, Origin, Ready, WaitingRoom
from darkroomd.files.looks import look_at
from darkroomd.services.handover import Fate, Handover, SettledFile
from darkroomd.services.surroundings import OnDisk, Surroundings

LOOKS_AT_ONCE: Final = 512
"""Files looked at in one go of a thread: some ten milliseconds of work."""

NOTICES_AT_ONCE: Final = 64
"""Files spoken of before everyone else in the event loop gets a turn."""

FILES_AT_ONCE: Final = 32
"""Files frozen in one go of a thread: as many syncs of the disk."""

USEC: Final = 1_000_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Sighted:
    """A file that was seen and is not handed over yet."""

    fingerprint: Fingerprint
    correlation_id: CorrelationId
    seen_at_usec: int
    backlog: bool


class Reception:
    """Follows the files in the waiting room to the queue; who scans announces them in the room."""

    def __init__(self, session: Session, around: Surroundings, handover: Handover, on_disk: OnDisk) -> None:
        self.room = WaitingRoom(around.options.patience, {})
        self._session: Final = session
        self._raw: Final = session.folder / RAW_FOLDER
        self._around = around
        self._handover = handover
        self._on_disk = on_disk
        self._recorded: Mapping[str, RecordedPhoto] = {}
        self._sighted: dict[str, _Sighted] = {}
        self._ready_backlog: dict[str, Fingerprint] = {}
        self._retry_wait = 0.0

    def begin(self, dealt_with: Mapping[str, Fingerprint], recorded: Mapping[str, RecordedPhoto]) -> None:
        """Wait for files other than those that were dealt with.

        `recorded` is what the session's own record says of photos that the store does not know.
        """
        self.room = WaitingRoom(self._around.options.patience, dealt_with)
        self._recorded = recorded

    def start_over(self) -> None:
        """Forget all files: they are found again by the next look at the folder."""
        self.begin({}, {})
        self._sighted.clear()
        self._ready_backlog.clear()
        self._handover.start_over()

    def adopt(self) -> None:
        """Have the patience of the options from now on."""
        self.room.adopt(self._around.options.patience)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on its way."""
        return not self._sighted

    @property
    def arriving(self) -> tuple[Photo, ...]:
        """What was seen and is no photo of the queue yet; a photo whose file comes once more is one."""
        known = self.room.dealt_with
        return tuple(self._photo(name, one) for name, one in self._sighted.items() if name not in known)

    def next_due(self) -> float:
        """Return when there is something to do next, in seconds of the monotonic clock."""
        return -math.inf if self._ready_backlog else self.room.next_due()

    async def look(self, *, leases: bool) -> dict[str, Look]:
        """Look at the files that are due; `leases`: writers can be asked for.

        Raises:
            FolderIsLink, OSError: the folder cannot be opened.
        """
        looks: dict[str, Look] = {}
        for some in _batches(self.room.due(now=anyio.current_time()), LOOKS_AT_ONCE):
            looks |= await self._on_disk(partial(look_at, self._raw, some, leases=leases))
        return looks

    async def take_in(self, looks: Mapping[str, Look]) -> None:
        """Say what was seen, and hand over what is complete."""
        ready: dict[str, Fingerprint] = {}
        # One time for all: what was seen together is due together, and a backlog becomes one job.
        now = anyio.current_time()
        for number, (name, look) in enumerate(looks.items(), start=1):
            for notice in self.room.saw(name, look, now=now):
                await self._notice(name, notice, ready)
            if number % NOTICES_AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
        for some in _batches(tuple(ready), FILES_AT_ONCE):
            await self._hand_over({name: ready[name] for name in some})

    async def hand_over_backlog(self) -> None:
        """Hand over some of the backlog: what arrives meanwhile gets its turn in between."""
        some = dict(islice(self._ready_backlog.items(), FILES_AT_ONCE))
        for name in some:
            del self._ready_backlog[name]
        if some:
            await self._hand_over(some)

    async def _notice(self, name: str, notice: Notice, ready: dict[str, Fingerprint]) -> None:
        raw = str(self._raw / name)
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
        sighted = _Sighted(notice.fingerprint, correlation_id, now_usec, origin.backlog)
        self._sighted[name] = sighted
        if origin.backlog:
            # Thousands at a time; watchers are told when they are queued.
            return
        photo = self._photo(name, sighted)
        self._around.publish(Happening("photo.arriving", now_usec, photo=photo, session_id=self._session.id))

    def _photo(self, name: str, sighted: _Sighted) -> Photo:
        return arriving_photo(
            self._session,
            name,
            sighted.fingerprint,
            correlation_id=sighted.correlation_id,
            arrived_at_usec=sighted.seen_at_usec,
        )

    def _ids(self, sighted: _Sighted | None) -> dict[str, str]:
        ids: dict[str, str] = {"session": self._session.id}
        return ids if sighted is None else {**ids, "correlation_id": sighted.correlation_id}

    async def _hand_over(self, ready: Mapping[str, Fingerprint]) -> None:
        files = [self._settled_file(name, fingerprint) for name, fingerprint in ready.items()]
        fates = await self._handover.take(files)
        self._end(fates)
        self._end(await self._handover.queue_backlog(more=bool(self._ready_backlog)))
        for name in await self._handover.take_renamed():
            self.room.doubt(name, Origin())

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
                    self.room.deal_with(file.name, file.fingerprint)
                    self._sighted.pop(file.name, None)
                case Fate.TRY_AGAIN:
                    self.room.put_off(file.name, until=until)
                case Fate.WAITS:
                    pass


def _batches(names: Sequence[str], size: int) -> list[Sequence[str]]:
    return [names[start : start + size] for start in range(0, len(names), size)]
