"""How the work on a claimed item ended, as whoever did it tells the scheduler."""

from __future__ import annotations

from dataclasses import dataclass

from darkroom.protocol.types import Failure
from darkroomd.core.model import ItemId, Output, Photo
from darkroomd.core.retry import Concern
from darkroomd.store.archived import ArchivedFile


@dataclass(frozen=True, slots=True)
class Developed:
    """The outputs stand in their places.

    Attributes:
        output: of the first recipe that was followed.
        others: of the other ones.
        pixels: of the picture.
        busy_usec: from the start of the work to its end, on the monotonic clock.
        seconds: wall time by stage of the worker.
        warnings: the decoder's.
        rest_is_due: outputs by recipes that were not asked for are still to be made.
        left_out: as in `Photo`.
    """

    output: Output
    captured_at_usec: int | None
    camera: str
    pixels: int
    busy_usec: int
    seconds: dict[str, float]
    warnings: tuple[str, ...] = ()
    others: tuple[Output, ...] = ()
    zone_minutes: int | None = None
    rest_is_due: bool = False
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """All outputs that are asked for are up to date: nothing was made.

    Attributes:
        photo: as it was when its outputs were looked at.
        along: items of the same job that wait behind this one, and whose photos are up to date as well.
        rest_is_due: outputs by recipes that were not asked for are to be made.
    """

    photo: Photo
    along: tuple[ItemId, ...] = ()
    rest_is_due: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Nothing that its job asks for can be asked for any more, which is nothing against the photo."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Changed:
    """The RAW file, or what its sidecar asks for, is not what settled: nothing was published."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The RAW file is no longer there."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Failed:
    """The work failed; with `environment` it is not the photo's fault.

    `concern` says whose work cannot go on then; None: as `core.retry.concern_of` has it.
    """

    failure: Failure
    environment: bool
    concern: Concern | None = None


@dataclass(frozen=True, slots=True)
class Archived:
    """The photo's files stand in an archive, or it is to stay out of it.

    Attributes:
        files: all of them that were asked for.
        place: folder and stem of them, from the archive's own folder.
        copied: how many were brought there; the others stood there already.
        size_bytes: of those.
        left_out: why the photo stays out; its item is skipped.
    """

    files: tuple[ArchivedFile, ...] = ()
    place: str = ""
    copied: int = 0
    size_bytes: int = 0
    left_out: Failure | None = None


Outcome = Developed | Skipped | Withdrawn | Changed | Gone | Failed | Archived
