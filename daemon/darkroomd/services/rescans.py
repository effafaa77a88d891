"""Looks on request for photos without an up-to-date output, and queues them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import structlog

from darkroom.errors import DarkroomError, PathNotAllowed
from darkroom.protocol.types import JobOptions, Priority
from darkroomd.core.freshness import Altered, Outdated, UpToDate, is_same_file
from darkroomd.core.model import (
    RAW_FOLDER,
    Arrival,
    CorrelationId,
    Fingerprint,
    JobKind,
    Photo,
    PhotoState,
    Session,
    SessionId,
)
from darkroomd.core.output_plan import EVERY_RECIPE, OutputPlan
from darkroomd.core.wording import readable
from darkroomd.files.scan import list_raw
from darkroomd.files.sidecars import FrozenLook
from darkroomd.services.admission import Admission, admit
from darkroomd.services.intake import Intake
from darkroomd.services.surroundings import Surroundings
from darkroomd.services.survey import judge
from darkroomd.store.background import Request
from darkroomd.store.rescans import Asked, Rescanned, job_asked_for, start_rescan

FILES_AT_ONCE: Final = 32
"""Files frozen in one go of a thread."""

Result = TypeVar("Result")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Stale:
    """Photos that are not up to date, by file name.

    Attributes:
        wanted: certainly to be developed.
        doubtful: their RAW files changed or only their contents can tell: intake looks at them.
    """

    wanted: tuple[str, ...]
    doubtful: tuple[str, ...]


class Rescans:
    """Compares sessions with their records on request."""

    def __init__(self, around: Surroundings, intake: Intake) -> None:
        self._around = around
        self._intake = intake

    async def rescan(self, session_id: SessionId, options: JobOptions, *, uid: int) -> Rescanned:
        """Queue what has no up-to-date output, at low priority unless told otherwise.

        Photos whose files have to be read through to know, and files that are new, are looked at in the
        background, and are not counted. Raises `NoSuchSession`, `PathNotAllowed` while the folder is away.
        """
        session = await self._around.store.session(session_id)
        asked = None if options.idempotency_key is None else Asked(uid, options.idempotency_key)
        if asked is not None and (before := await self._asked_before(asked)) is not None:
            return before
        stale, found, known = await self._find(session)
        for name in stale.doubtful:
            self._intake.look_again(session_id, name)
        self._intake.scan_soon(session_id)
        correlation_id = CorrelationId(options.correlation_id or self._around.new_correlation_id())
        looks = await self._freeze(session, stale.wanted, known)
        arrivals = [
            self._arrival(known[name], found[name], look)
            for name, look in looks.items()
            if isinstance(look, FrozenLook)
        ]
        request = Request(
            JobKind.BACKFILL,
            session_id,
            options.label or session.name,
            correlation_id,
            options.priority or Priority.LOW,
            options.creator,
            uid,
        )
        change = partial(
            start_rescan,
            request=request,
            arrivals=arrivals,
            recipe=EVERY_RECIPE,
            paused=bool(options.paused),
            asked=asked,
            now_usec=self._around.now_usec(),
        )
        answer = await self._around.store.front.write(change)
        log.info("session_rescanned", session=session_id, job=answer.job_id, photos=answer.items)
        if answer.items:
            self._around.on_document_dirty(session_id)
        return answer

    async def _asked_before(self, asked: Asked) -> Rescanned | None:
        now_usec = self._around.now_usec()
        return await self._around.store.front.read(
            lambda database: job_asked_for(database, asked, now_usec=now_usec)
        )

    async def _find(self, session: Session) -> tuple[Stale, Mapping[str, Fingerprint], Mapping[str, Photo]]:
        known = await self._around.store.known_photos(session.id)
        look = partial(
            find_stale,
            known,
            folder=session.folder,
            extensions=self._around.options.extensions,
            plan=self._around.plan,
        )
        try:
            stale, found = await self._on_disk(session, look)
        except DarkroomError as error:
            raise PathNotAllowed(readable(session.folder), readable(error.message)) from error
        except OSError as error:
            problem = os.strerror(error.errno or 0)
            raise PathNotAllowed(
                readable(session.folder),
                f"The session's folder {readable(session.folder)} cannot be looked into ({problem}). Put it "
                "back, or mount its disk, and try again.",
            ) from error
        return stale, found, known

    async def _freeze(
        self, session: Session, names: Sequence[str], known: Mapping[str, Photo]
    ) -> dict[str, Admission]:
        looks: dict[str, Admission] = {}
        rest = iter(names)
        while some := list(islice(rest, FILES_AT_ONCE)):
            work = partial(
                admit,
                session.folder / RAW_FOLDER,
                {name: known[name].correlation_id for name in some},
                await self._around.presets.in_force(session.id, some),
                applied_at_usec=self._around.now_usec(),
                replace_unreadable=self._around.options.replace_unreadable,
            )
            looks |= await self._on_disk(session, work)
        for name, look in looks.items():
            if not isinstance(look, FrozenLook):
                # Intake says what is wrong with it, and tries again.
                self._intake.look_again(session.id, name)
        return looks

    def _arrival(self, photo: Photo, fingerprint: Fingerprint, look: FrozenLook) -> Arrival:
        return Arrival(
            session_id=photo.session_id,
            name=photo.name,
            fingerprint=fingerprint,
            look=look.look,
            preset_id=look.preset_id,
            unsupported=look.unsupported,
            warnings=look.warnings,
            correlation_id=photo.correlation_id,
            arrived_at_usec=self._around.now_usec(),
        )

    async def _on_disk(self, session: Session, work: Callable[[], Result]) -> Result:
        return await self._around.disks.do(session.folder, work)


def find_stale(
    known: Mapping[str, Photo], *, folder: Path, extensions: Collection[str], plan: OutputPlan
) -> tuple[Stale, Mapping[str, Fingerprint]]:
    """Compare the photos of a session with what is on disk; return the RAW files that are there as well.

    Nothing is read but sidecars. Discarded photos and those whose RAW files are away are passed over.

    Raises:
        FolderIsLink, OSError: the folder cannot be read.
    """
    found = list_raw(folder / RAW_FOLDER, extensions).candidates
    labels = plan.labels(known)
    wanted: list[str] = []
    doubtful: list[str] = []
    for name, photo in known.items():
        if name not in found or photo.discarded_by is not None or photo.state is PhotoState.MISSING:
            continue
        verdict = judge(photo, found[name], labels, folder=folder, plan=plan)
        if isinstance(verdict, UpToDate) and photo.state is not PhotoState.FAILED:
            continue
        settled = is_same_file(photo.fingerprint, found[name])
        if settled and (verdict is None or isinstance(verdict, Outdated | UpToDate)):
            wanted.append(name)
        elif not settled or not isinstance(verdict, Altered):
            doubtful.append(name)
    return Stale(tuple(wanted), tuple(doubtful)), found
