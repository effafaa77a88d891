"""What becomes of an item that was running when the daemon stopped without a word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from darkroom.protocol.types import Failure
from darkroomd.core.model import Inputs, Item, Output, OutputId, PhotoId
from darkroomd.core.retry import RetryPolicy


class Intent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is about to be renamed into place, committed before the rename.

    Holds all that the output's record needs, so that a restart can write it without developing again.
    Paths are bytes, as the file system has them.
    """

    output_id: OutputId
    photo_id: PhotoId
    recipe: str
    part: bytes
    final: bytes
    media_type: str
    size_bytes: int
    sha256: str
    inputs: Inputs
    captured_at_usec: int | None
    camera: str
    pixels: int | None = None
    zone_minutes: int | None = None
    left_out: tuple[str, ...] = ()

    def as_output(self, path: Path, *, mtime_ns: int, created_at_usec: int) -> Output:
        """Return the record of the output once it stands at `path`, which is `final`."""
        return Output(
            id=self.output_id,
            photo_id=self.photo_id,
            recipe=self.recipe,
            path=path,
            media_type=self.media_type,
            size_bytes=self.size_bytes,
            mtime_ns=mtime_ns,
            sha256=self.sha256,
            inputs=self.inputs,
            created_at_usec=created_at_usec,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What stands on the disk for the intents of one photo, with the intended bytes.

    Attributes:
        final: all outputs are in their places.
        part: each output that is not in its place waits for that in its part file.
    """

    final: bool
    part: bool


@dataclass(frozen=True, slots=True)
class Finish:
    """The part files are complete and were meant for publishing: rename them now and record the outputs."""


@dataclass(frozen=True, slots=True)
class Record:
    """The outputs stand in their places already: only the record is missing."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Develop again, once this daemon has lived `after_seconds` without the photo."""

    after_seconds: float
    failure: Failure


@dataclass(frozen=True, slots=True)
class Abandon:
    """The photo takes the daemon down: it is failed, so that the rest can go on."""

    failure: Failure


def after_restart(policy: RetryPolicy, item: Item, found: Found | None) -> Finish | Record | Repeat | Abandon:
    """Return what to do with an item that a dead daemon left running.

    `found` is None where no intent had been committed. The first death proves nothing: any photo may be in
    work when somebody pulls the plug. From then on the photo sits out (`sit_out_seconds`, anew at each
    start), so that each later death means: a daemon that lived for a while without the photo died with it.
    """
    if found is not None and found.final:
        return Record()
    if found is not None and found.part:
        return Finish()
    deaths = item.deaths + 1
    context = {"attempts": item.attempt, "deaths": deaths}
    if deaths < policy.attempts:
        message = (
            "The daemon stopped without warning while it developed this photo. It is tried again after a "
            "while, when others had their turn."
        )
        failure = Failure(code="worker.crashed", message=message, transient=True, context=context)
        return Repeat(sit_out_seconds(policy, deaths=deaths), failure)
    message = (
        f"The daemon stopped without warning {deaths} times in a row while it developed this photo. "
        "Look at the file; then rescan its session."
    )
    return Abandon(Failure(code="worker.crashed", message=message, transient=False, context=context))


def sit_out_seconds(policy: RetryPolicy, *, deaths: int) -> float:
    """Return how long a daemon has to live before it tries a photo that so many died with, at least 1."""
    return policy.waits_seconds[min(deaths, len(policy.waits_seconds)) - 1]
