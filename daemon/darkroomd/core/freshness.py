"""Is a photo's output up to date? Decided from its record and what stands on the disk now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from darkroomd.core.model import Fingerprint, Output

_MOMENT_NS: Final = 5_000_000_000
"""A record is dated before its output is renamed into place, for which a slow disk takes its time."""


class Cause(StrEnum):
    """Why a photo has to be developed."""

    NEVER_DEVELOPED = "never_developed"
    OUTPUT_MISSING = "output_missing"
    OUTPUT_RENAMED = "output_renamed"
    RAW_CHANGED = "raw_changed"
    LOOK_CHANGED = "look_changed"
    RECIPE_CHANGED = "recipe_changed"
    PIPELINE_CHANGED = "pipeline_changed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an output should have been made from and where it should be.

    Attributes:
        path: of the output, by the names of the photos that the session holds now.
        look: digest of the frozen adjustments and the corrected time (see `Inputs.look`).
        recipe: digest of the recipe.
        pipeline: version of the pipeline.
    """

    path: Path
    look: str
    recipe: str
    pipeline: str


@dataclass(frozen=True, slots=True)
class FileStat:
    """Size and time of the last change of a file on disk.

    Attributes:
        ctime_ns: when the file system last changed anything about it, which nobody can set back; None where
            nobody looked. It is no part of what files are compared by.
    """

    size_bytes: int
    mtime_ns: int
    ctime_ns: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class OutputFile:
    """An output as it was written: where, and how large."""

    path: Path
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Hashes:
    """SHA-256 of the files as they are now, hexadecimal; None while nobody asked."""

    raw: str | None = None
    output: str | None = None


@dataclass(frozen=True, slots=True)
class UpToDate:
    """The output is what development would write again."""


@dataclass(frozen=True, slots=True)
class Altered:
    """Somebody else changed the output: the background leaves it alone, an export may replace it."""


@dataclass(frozen=True, slots=True)
class NeedsHash:
    """Only the content can tell: ask again with the hashes that are named."""

    raw: bool
    output: bool


@dataclass(frozen=True, slots=True)
class Outdated:
    """The photo has to be developed."""

    cause: Cause


AGED: Final = Outdated(Cause.PIPELINE_CHANGED)
"""Nothing but the pipeline is another. Whoever upgrades has not asked for a new archive: such a photo is
shown as outdated, and developed again only when somebody asks for it."""

Verdict = UpToDate | Altered | NeedsHash | Outdated


def assess(
    record: Output | None,
    wanted: Wanted,
    *,
    raw: Fingerprint,
    output: FileStat | None,
    hashes: Hashes = Hashes(),
    closely: bool = False,
) -> Verdict:
    """Return whether the output in `record` is still what `wanted` asks for.

    `raw` is the RAW file and `output` the recorded output file as they are now (None: it is not there, or no
    picture any more). A RAW file that was copied, restored or touched is compared by content. So is, looked
    at `closely`, an output that has its size and time, and that something happened to since it was recorded.
    """
    if record is None:
        return Outdated(Cause.NEVER_DEVELOPED)
    cause = _changed_wish(record, wanted)
    if cause is not None:
        return Outdated(cause)
    raw_is_same = _same(record.inputs.raw, raw, record.inputs.raw_sha256, hashes.raw)
    if raw_is_same is False:
        return Outdated(Cause.RAW_CHANGED)
    if output is None:
        return Outdated(Cause.OUTPUT_MISSING)
    output_is_same = _same_output(record, output, hashes.output, closely=closely)
    if raw_is_same is None or output_is_same is None:
        return NeedsHash(raw=raw_is_same is None, output=output_is_same is None)
    fresh = UpToDate() if record.inputs.pipeline == wanted.pipeline else AGED
    return fresh if output_is_same else Altered()


def is_touched(record: Output, found: FileStat) -> bool:
    """Tell whether something happened to an output after it was recorded, whatever its size and time say.

    That may be no more than another mode, or a link to it: only the content can tell.
    """
    return found.ctime_ns is not None and found.ctime_ns > record.created_at_usec * 1000 + _MOMENT_NS


def may_be_remnant(written_bytes: int, found_bytes: int) -> bool:
    """Whether an output has lost bytes since it was written: its first and last ones tell what is left."""
    return found_bytes < written_bytes


def is_remnant(first: bytes, last: bytes) -> bool:
    """Whether an output that has lost bytes is no picture any more, by its first and last two bytes.

    A full disk or a broken copy leaves such files, no person does: what somebody made smaller is whole.
    """
    # WebP and TIFF have nothing at their end that tells.
    return first not in _ENDS or _ENDS[first] not in {None, last}


_ENDS: Final[Mapping[bytes, bytes | None]] = {
    # JPEG (ITU-T T.81, B.1.1.3): start of image, end of image.
    b"\xff\xd8": b"\xff\xd9",
    # PNG (ISO/IEC 15948): signature, checksum of the last chunk.
    b"\x89P": b"\x60\x82",
    b"RI": None,
    b"II": None,
}
"""First bytes of the formats that outputs have, and their last ones."""


def is_same_file(before: Fingerprint, now: Fingerprint) -> bool:
    """Whether nothing can have happened to a file between two looks.

    The number of the device is no part of it: it is handed out anew whenever a disk is mounted.
    """
    return _without_device(before) == _without_device(now)


def _without_device(fingerprint: Fingerprint) -> tuple[int, int, int, int]:
    return fingerprint.inode, fingerprint.size_bytes, fingerprint.mtime_ns, fingerprint.ctime_ns


def _changed_wish(record: Output, wanted: Wanted) -> Cause | None:
    for cause, before, now in (
        (Cause.LOOK_CHANGED, record.inputs.look, wanted.look),
        (Cause.RECIPE_CHANGED, record.inputs.recipe, wanted.recipe),
        (Cause.OUTPUT_RENAMED, record.path, wanted.path),
    ):
        if before != now:
            return cause
    return None


def _same(before: Fingerprint, now: Fingerprint, recorded: str, found: str | None) -> bool | None:
    """Return whether a RAW file has the recorded content; None where only a hash can tell."""
    if is_same_file(before, now):
        return True
    if before.size_bytes != now.size_bytes:
        return False
    return None if found is None else found == recorded


def _same_output(record: Output, now: FileStat, found: str | None, *, closely: bool) -> bool | None:
    untouched = not (closely and is_touched(record, now))
    if untouched and now == FileStat(record.size_bytes, record.mtime_ns):
        return True
    if now.size_bytes != record.size_bytes:
        return False
    return None if found is None else found == record.sha256
