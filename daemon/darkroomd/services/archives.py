"""Archives on request: which photos, to which place, and whether they are ready for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import structlog

from darkroom.errors import InvalidParameter, PathNotAllowed
from darkroom.protocol.types import ItemState, JobOptions, Priority
from darkroomd.core.access import lies_in
from darkroomd.core.archive_request import (
    MOST_NAMED,
    Admission,
    Candidate,
    Contents,
    Selection,
    admit,
    in_order,
    parse_contents,
)
from darkroomd.core.model import CorrelationId, Happening, JobId, SessionId
from darkroomd.core.story import LEVELS, LogLine
from darkroomd.core.wording import one_line, readable
from darkroomd.files.folders import confined
from darkroomd.files.mounts import pseudo_type
from darkroomd.files.space import free_bytes
from darkroomd.services.disks import Disks
from darkroomd.services.intake import Intake
from darkroomd.store.archives import (
    ITEMS_AT_ONCE,
    Begun,
    NewArchive,
    add_items,
    begin_archive,
    complete_archive,
    read_candidates,
)
from darkroomd.store.catalogue import read_session
from darkroomd.store.database import Database
from darkroomd.store.journal import write_log_lines
from darkroomd.store.rescans import Asked, Rescanned, job_asked_for
from darkroomd.store.store import Store

PLANNED: Final = "archive_planned"
"""The event that says what an archive takes where, and which photos are in its way."""

DISK_SECONDS: Final = 5.0
"""How long a disk may take to say what a path is."""

_OUTSIDE: Final = (
    "The archive's folder lies outside of those in which this user may name folders. Name one in a folder "
    "that socket.allowed_roots in the configuration lists, or ask as the daemon's user."
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants archived.

    Attributes:
        destination: None: the configured one.
        contents: as the protocol has it; None: what is configured.
        within: folders in which the destination must lie if it is named; None: anywhere.
    """

    session_ids: tuple[SessionId, ...]
    destination: Path | None = None
    contents: str | None = None
    within: tuple[Path, ...] | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The job that was made or found, or would be made, and how many items it has."""

    job_id: JobId | None
    created: bool
    items: int


class Archives:
    """Starts archives, or tells what they would do.

    Args:
        destination: where to, if nobody says; None: nowhere.
        contents: which files, if nobody says.
        new_correlation_id: makes one up.
    """

    def __init__(
        self,
        store: Store,
        intake: Intake,
        *,
        destination: Path | None,
        contents: Contents,
        now_usec: Callable[[], int],
        new_correlation_id: Callable[[], CorrelationId],
    ) -> None:
        self._store = store
        self._intake = intake
        self._destination = destination
        self._contents = contents
        self._now_usec = now_usec
        self._new_correlation_id = new_correlation_id
        self._disks = Disks(patience_seconds=DISK_SECONDS)

    def adopt(self, *, destination: Path | None, contents: Contents) -> None:
        """Take these where nobody says otherwise; jobs that were made go where they were to go."""
        self._destination = destination
        self._contents = contents

    async def start(self, wish: Wish, options: JobOptions, *, uid: int) -> Started:
        """Make a job of the sessions' photos; one that is refused has ended by that.

        Raises:
            InvalidParameter: `sessionIds`, `destination` or `contents` say nothing that can be done.
            NoSuchSession: one of them is not known.
            PathNotAllowed: the archive cannot lie there.
        """
        asked = None if options.idempotency_key is None else Asked(uid, options.idempotency_key)
        if asked is not None and (before := await self._asked_before(asked)) is not None:
            return Started(before.job_id, created=False, items=before.items)
        if not wish.session_ids:
            raise InvalidParameter("sessionIds")
        archive, admission = await self._prepare(wish, options, uid=uid)
        begin = partial(
            begin_archive, archive=archive, shares=admission.shares, asked=asked, now_usec=self._now_usec()
        )
        # Whoever hangs up in between leaves a whole job all the same.
        with anyio.CancelScope(shield=True):
            begun = await self._store.front.write(begin)
            if isinstance(begun, Rescanned):
                await self._tell(archive, admission, None, wish=wish)
                return Started(begun.job_id, created=False, items=begun.items)
            # Told before anything can be started: whoever waits for the job finds the line.
            await self._tell(archive, admission, begun.job_id, wish=wish)
            await self._fill(archive, begun, admission)
            log.info("archive_asked_for", job=begun.job_id, photos=len(begun.shares), uid=uid)
            return Started(begun.job_id, created=True, items=len(begun.shares))
        raise RuntimeError("A scope that is shielded was cancelled.")

    async def foretell(self, wish: Wish, options: JobOptions, *, uid: int) -> int:
        """Keep a log line of what an archive would do, and return how many items it would have.

        Raises what `start` raises, but for a list of sessions that is empty.
        """
        archive, admission = await self._prepare(wish, options, uid=uid)
        await self._tell(archive, admission, None, wish=wish)
        return len(admission.shares)

    async def _asked_before(self, asked: Asked) -> Rescanned | None:
        return await self._store.front.read(partial(job_asked_for, asked=asked, now_usec=self._now_usec()))

    async def _prepare(self, wish: Wish, options: JobOptions, *, uid: int) -> tuple[NewArchive, Admission]:
        try:
            selection = parse_contents(wish.contents, otherwise=self._contents)
        except ValueError:
            raise InvalidParameter("contents") from None
        session_ids = tuple(dict.fromkeys(wish.session_ids))
        candidates = await self._store.front.read_at_length(partial(read_candidates, session_ids=session_ids))
        destination = await self._place(wish, session_ids)
        admission = admit(in_order(candidates, session_ids), partial=selection.partial)
        archive = NewArchive(
            destination=destination,
            selection=selection,
            session_id=session_ids[0] if len(session_ids) == 1 else None,
            label=options.label or await self._label(session_ids),
            correlation_id=CorrelationId(options.correlation_id or self._new_correlation_id()),
            priority=options.priority or Priority.NORMAL,
            paused=bool(options.paused),
            creator=options.creator,
            creator_uid=uid,
        )
        return archive, admission

    async def _label(self, session_ids: Sequence[SessionId]) -> str:
        if len(session_ids) != 1:
            return f"{len(session_ids)} sessions"
        return (await self._store.session(session_ids[0])).name

    async def _place(self, wish: Wish, session_ids: Sequence[SessionId]) -> Path:
        """Return the real path of the archive's folder, which may not be there yet."""
        named = wish.destination or self._destination
        if named is None:
            raise InvalidParameter("destination")
        if not named.is_absolute():
            raise _not_allowed(named, f"{named} is not an absolute path. Give the whole path, from / on.")
        within = None if wish.destination is None else wish.within
        try:
            real = await self._disks.do(named, partial(_real, named, within))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no disk holds that name"
            raise _not_allowed(
                named, f"The archive's folder {named} cannot be looked at ({reason}). Put that right first."
            ) from error
        if real is None:
            raise _not_allowed(named, _OUTSIDE)
        folders = await self._store.front.read(partial(_folders_of, session_ids=session_ids))
        for folder in (*self._intake.sessions, *folders):
            if lies_in(real, [folder]):
                raise _not_allowed(
                    named,
                    f"The archive's folder {named} lies inside the session {folder}. Give one outside of it.",
                )
        return real

    async def _fill(self, archive: NewArchive, begun: Begun, admission: Admission) -> None:
        """Give the job its items, some in each transaction, and let it go."""
        for start in range(0, len(begun.shares), ITEMS_AT_ONCE):
            some = begun.shares[start : start + ITEMS_AT_ONCE]
            add = partial(
                add_items, archive=archive, job_id=begun.job_id, shares=some, now_usec=self._now_usec()
            )
            if not await self._store.front.write(add):
                return
        complete = partial(
            complete_archive,
            archive=archive,
            job_id=begun.job_id,
            refusal=admission.refusal,
            now_usec=self._now_usec(),
        )
        await self._store.front.write(complete)

    async def _tell(
        self, archive: NewArchive, admission: Admission, job_id: JobId | None, *, wish: Wish
    ) -> None:
        """Keep a log line of what is planned, which is found by its correlation ID at once."""
        free = await self._free(archive.destination)
        unfinished = admission.unfinished
        queued = [share.photo for share in admission.shares if share.state is ItemState.QUEUED]
        fields: dict[str, object] = {
            "destination": readable(archive.destination),
            "photos": len(queued),
            "bytes_needed": sum(_bytes_of(photo, archive.selection) for photo in queued),
            "bytes_free": free,
        }
        arriving = sum(len(self._intake.arriving(each)) for each in dict.fromkeys(wish.session_ids))
        if arriving:
            fields["arriving"] = arriving
        if unfinished:
            fields["unfinished"] = len(unfinished)
            fields["unfinished_photos"] = [one_line(photo.name) for photo in unfinished[:MOST_NAMED]]
            fields["refused"] = admission.refusal is not None
        log.info(PLANNED, **fields, job=job_id, story=archive.correlation_id)
        line = LogLine(
            at_usec=self._now_usec(),
            level=LEVELS["info"],
            event=PLANNED,
            correlation_id=archive.correlation_id,
            job_id=job_id,
            item_id=None,
            fields=fields,
        )
        await self._store.front.write(partial(_keep, line=line))

    async def _free(self, destination: Path) -> int | None:
        try:
            return await self._disks.do(destination, partial(_free_above, destination))
        except OSError:
            # It does not answer; the job finds that out and waits for it.
            return None


def _real(named: Path, within: tuple[Path, ...] | None) -> Path | None:
    """Return the real path of what is, or could be, there; None where this caller may not name it."""
    real = Path(os.path.realpath(named)) if within is None else confined(named, within)
    if real is None:
        return None
    file_system = pseudo_type(real)
    if file_system is not None:
        raise OSError(0, f"it lies on a {file_system} file system")
    if real.exists() and not real.is_dir():
        raise NotADirectoryError(20, os.strerror(20), str(real))
    return real


def _free_above(destination: Path) -> int | None:
    """Return the space that is left where a folder is, or would be made."""
    found = free_bytes(destination)
    return free_bytes(destination.parent) if found is None else found


def _bytes_of(photo: Candidate, selection: Selection) -> int:
    originals = 0 if selection.contents is Contents.OUTPUTS else photo.raw_bytes
    outputs = 0 if selection.contents is Contents.ORIGINALS else photo.output_bytes
    return originals + outputs


def _folders_of(database: Database, session_ids: Sequence[SessionId]) -> list[Path]:
    return [read_session(database, session_id).folder for session_id in session_ids]


def _keep(database: Database, line: LogLine) -> tuple[None, Sequence[Happening]]:
    write_log_lines(database, [line])
    return None, ()


def _not_allowed(folder: Path, message: str) -> PathNotAllowed:
    return PathNotAllowed(readable(folder), readable(message))
