"""What somebody wants archived: which files, which photos are ready for it, and what the others are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Final

from darkroom.protocol.types import Failure, ItemState
from darkroomd.core.model import Job, JobKind, PhotoId, PhotoState, SessionId
from darkroomd.core.wording import one_line

_KEY: Final = "archive:"
"""No name of a recipe has a colon."""

PARTIAL: Final = "partial"
"""The word that lets an archive go on without the photos that are not finished."""

MOST_NAMED: Final = 20
"""Photos that a refusal names; more would fill the screen."""

NOT_FINISHED: Final = "archive.not_finished"
NOT_BEGUN: Final = "archive.refused"


class Contents(StrEnum):
    """Which files of a photo are archived."""

    BOTH = "both"
    OUTPUTS = "outputs"
    ORIGINALS = "originals"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files are wanted; with `partial` photos that are not finished are left out, not waited for."""

    contents: Contents
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo of a session that is to be archived; it is not discarded.

    Attributes:
        taken_usec: when it was taken by its own wall clock, as if that were UTC; None: unknown.
        finished: its outputs are what its RAW file, preset and recipes ask for.
    """

    id: PhotoId
    session_id: SessionId
    name: str
    state: PhotoState
    finished: bool
    taken_usec: int | None
    raw_bytes: int = 0
    output_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """A photo's share of an archive, as it begins: queued, or over already for the reason in `failure`."""

    photo: Candidate
    state: ItemState = ItemState.QUEUED
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of each photo; with a `refusal` nothing is archived, and the job has failed."""

    shares: tuple[Share, ...]
    refusal: Failure | None = None

    @property
    def unfinished(self) -> tuple[Candidate, ...]:
        """The photos that are not finished."""
        return tuple(share.photo for share in self.shares if not share.photo.finished)


def admit(candidates: Sequence[Candidate], *, partial: bool) -> Admission:
    """Return what becomes of photos: all are archived or none, or with `partial` those that are finished."""
    unfinished = [photo for photo in candidates if not photo.finished]
    if not unfinished:
        return Admission(tuple(map(Share, candidates)))
    left_out = ItemState.SKIPPED if partial else ItemState.FAILED
    shares = tuple(
        Share(photo, ItemState.QUEUED if partial else ItemState.CANCELED, None if partial else not_begun())
        if photo.finished
        else Share(photo, left_out, not_finished(photo.name, photo.state))
        for photo in candidates
    )
    return Admission(shares, None if partial else refused(unfinished))


def parse_contents(text: str | None, *, otherwise: Contents) -> Selection:
    """Return what the words of `contents` ask for; raise `ValueError` where they mean nothing.

    `partial` may stand beside one of the others, with a comma between them, or alone.
    """
    if text is None:
        return Selection(otherwise)
    words = [word.strip() for word in text.split(",")]
    if words.count(PARTIAL) > 1:
        raise ValueError(text)
    kinds = [Contents(word) for word in words if word != PARTIAL]
    if len(kinds) > 1:
        raise ValueError(text)
    return Selection(kinds[0] if kinds else otherwise, partial=PARTIAL in words)


def archive_key(destination: Path, contents: Contents) -> str:
    """Return what items are queued as that take these files of a photo to that place.

    Two such items of one photo would do the same work: one at a time is enough.
    """
    digest = sha256(bytes(destination)).hexdigest()[:16]
    return f"{_KEY}{contents}:{digest}"


def is_archived_by(recipe: str) -> bool:
    """Tell whether an item that is queued as `recipe` archives its photo instead of developing it."""
    return recipe.startswith(_KEY)


def was_refused(job: Job) -> bool:
    """Tell whether a job is an archive that was refused as it was asked for: none of it may begin."""
    code = None if job.failure is None else job.failure.code
    return job.kind is JobKind.ARCHIVE and job.started_at_usec is None and code == NOT_FINISHED


def is_finished(state: PhotoState, *, aged: bool) -> bool:
    """Tell whether a photo may be archived; a newer pipeline alone makes no photo unfinished."""
    return state is PhotoState.DEVELOPED or (state is PhotoState.OUTDATED and aged)


def in_order(candidates: Sequence[Candidate], sessions: Sequence[SessionId]) -> tuple[Candidate, ...]:
    """Return photos session by session as these were named, each in the order in which they were taken.

    Those without a time come last.
    """
    place = {session_id: number for number, session_id in enumerate(sessions)}

    def key(photo: Candidate) -> tuple[int, bool, int, str]:
        return place[photo.session_id], photo.taken_usec is None, photo.taken_usec or 0, photo.name

    return tuple(sorted(candidates, key=key))


def not_finished(name: str, state: PhotoState) -> Failure:
    """Return why a photo is not archived whose outputs are not what they should be."""
    return Failure(
        code=NOT_FINISHED,
        message=f"The photo {one_line(name)} is not developed ({state}). Export it, or discard it, and "
        "archive its session again; or leave out what is not finished.",
        transient=False,
        context={"name": one_line(name), "state": str(state)},
    )


def refused(unfinished: Sequence[Candidate]) -> Failure:
    """Return why nothing is archived as long as some photos are not finished."""
    names = [one_line(photo.name) for photo in unfinished[:MOST_NAMED]]
    more = len(unfinished) - len(names)
    listed = ", ".join(names) + (f" and {more} more" if more > 0 else "")
    count = "1 photo is" if len(unfinished) == 1 else f"{len(unfinished)} photos are"
    return Failure(
        code=NOT_FINISHED,
        message=f"Nothing was archived: {count} not finished ({listed}). Export or discard them and archive "
        "again, or leave out what is not finished.",
        transient=False,
        context={"count": len(unfinished), "photos": names},
    )


def not_begun() -> Failure:
    """Return what a finished photo shows that was not archived because others are not finished."""
    return Failure(
        code=NOT_BEGUN,
        message="The photo was not archived, because others of the same job are not finished. Archive again "
        "once they are, or leave them out.",
        transient=False,
        context={},
    )
