"""Sidecars on disk: read, and frozen before a photo is queued."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroomd.core import sidecar
from darkroomd.core.adjustment_reading import read_adjustments
from darkroomd.core.cube_file import NoCube
from darkroomd.core.intake import SIDECAR_SUFFIX
from darkroomd.core.json_values import Json
from darkroomd.core.model import CorrelationId
from darkroomd.core.naming import LONGEST_NAME_BYTES
from darkroomd.core.presets import Preset, look_digest
from darkroomd.files.atomic import keep_aside, write_atomically
from darkroomd.files.luts import FoundLut, find_lut
from darkroomd.files.reading import NotRead, read_regular

LARGEST_BYTES: Final = 32 << 20
"""A sidecar beyond this size (masks are stored in it) is not read."""

# A link, a socket, or another user's file: moved away it stays what it is. Other errors are the disk's.
_UNREADABLE: Final = frozenset((errno.ELOOP, errno.ENXIO, errno.EACCES, errno.EPERM))


@dataclass(frozen=True, slots=True)
class FrozenLook:
    """What a photo is to be developed with.

    Attributes:
        adjustments: as they stand in the sidecar.
        look: digest of what a picture depends on.
        preset_id: of the frozen preset; None if none is.
        unsupported: adjustments that the pipeline does not honour.
        warnings: codes for the photo.
        kept: where an unreadable sidecar was kept.
        problem: why it was unreadable.
        written: whether the preset was frozen just now.
        rejected: an XMP file beside the photo rates it as rejected; only told of a photo that is taken in.
            None: they cannot be read.
        lut: the .cube file that is named and can be used.
        lut_problem: why the one that is named cannot.
    """

    adjustments: Mapping[str, Json]
    look: str
    preset_id: str | None
    unsupported: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    kept: Path | None = None
    problem: str = ""
    written: bool = False
    rejected: bool | None = False
    lut: FoundLut | None = None
    lut_problem: str = ""


def freeze(
    raw: Path,
    preset: Preset,
    *,
    applied_at_usec: int,
    correlation_id: CorrelationId,
    replace_unreadable: bool = True,
) -> FrozenLook:
    """Freeze a preset into the sidecar of a RAW file, durably, unless one was frozen before.

    A sidecar that cannot be read is kept as `<name>.rrdata.bak` first, or (without `replace_unreadable`) is
    left as it is, with nothing frozen. For a name that leaves no room for a sidecar nothing is frozen either.

    Raises:
        FolderIsLink, OSError: the disk refuses; the sidecar is as it was.
    """
    path = sidecar_of(raw)
    if path is None:
        return _look(raw, {}, None, warnings=(sidecar.NAME_TOO_LONG,))
    existing = _read(path)
    outcome = (
        existing
        if isinstance(existing, sidecar.Unreadable)
        else sidecar.freeze(existing, preset, applied_at_usec=applied_at_usec, correlation_id=correlation_id)
    )
    if isinstance(outcome, sidecar.AlreadyFrozen):
        return _look(raw, outcome.adjustments, outcome.preset_id)
    if isinstance(outcome, sidecar.Frozen):
        write_atomically(path, outcome.data)
        return _look(raw, outcome.adjustments, outcome.preset_id, written=True)
    if not replace_unreadable:
        return _look(raw, {}, None, warnings=(sidecar.UNREADABLE,), problem=outcome.reason)
    return _freeze_anew(
        raw, path, preset, outcome, applied_at_usec=applied_at_usec, correlation_id=correlation_id
    )


@dataclass(frozen=True, slots=True)
class Applied:
    """What stands in the sidecars of RAW files now, as far as the disk let us."""

    looks: Mapping[Path, FrozenLook]
    error: OSError | DarkroomError | None = None


def apply_preset(
    raws: Mapping[Path, CorrelationId],
    preset: Preset,
    presets: Mapping[str, Preset],
    *,
    applied_at_usec: int,
) -> Applied:
    """Replace the frozen preset of RAW files, in order, up to the first that the disk refuses.

    `presets` are all there are, by id: see `core.sidecar.replace_preset`. A sidecar that cannot be read is
    kept aside.
    """
    looks: dict[Path, FrozenLook] = {}
    for raw, correlation_id in raws.items():
        try:
            looks[raw] = _apply(
                raw, preset, presets, applied_at_usec=applied_at_usec, correlation_id=correlation_id
            )
        except (OSError, DarkroomError) as error:
            return Applied(looks, error)
    return Applied(looks)


def read_look(raw: Path) -> FrozenLook:
    """Read what a RAW file is to be developed with; nothing is changed, and no sidecar means no adjustments.

    Raises:
        OSError: the disk refuses.
    """
    path = sidecar_of(raw)
    data = None if path is None else _read(path)
    found = sidecar.read_sidecar(data) if isinstance(data, bytes) else data
    if found is None:
        return _look(raw, {}, None)
    if isinstance(found, sidecar.Unreadable):
        return _look(raw, {}, None, warnings=(sidecar.UNREADABLE,), problem=found.reason)
    return _look(raw, found.adjustments, found.preset_id)


def _apply(
    raw: Path,
    preset: Preset,
    presets: Mapping[str, Preset],
    *,
    applied_at_usec: int,
    correlation_id: CorrelationId,
) -> FrozenLook:
    path = sidecar_of(raw)
    if path is None:
        return _look(raw, {}, None, warnings=(sidecar.NAME_TOO_LONG,))
    existing = _read(path)
    outcome = (
        existing
        if isinstance(existing, sidecar.Unreadable)
        else sidecar.replace_preset(
            existing, preset, presets, applied_at_usec=applied_at_usec, correlation_id=correlation_id
        )
    )
    if isinstance(outcome, sidecar.Unreadable):
        return _freeze_anew(
            raw, path, preset, outcome, applied_at_usec=applied_at_usec, correlation_id=correlation_id
        )
    write_atomically(path, outcome.data)
    return _look(raw, outcome.adjustments, outcome.preset_id, written=True)


def _freeze_anew(
    raw: Path,
    path: Path,
    preset: Preset,
    unreadable: sidecar.Unreadable,
    *,
    applied_at_usec: int,
    correlation_id: CorrelationId,
) -> FrozenLook:
    kept = keep_aside(path)
    fresh = sidecar.frozen_anew(preset, applied_at_usec=applied_at_usec, correlation_id=correlation_id)
    write_atomically(path, fresh.data)
    return _look(
        raw,
        fresh.adjustments,
        fresh.preset_id,
        warnings=(sidecar.UNREADABLE,),
        kept=kept,
        problem=unreadable.reason,
        written=True,
    )


def sidecar_of(raw: Path) -> Path | None:
    """Return where a RAW file's sidecar belongs; None if its name leaves no room for one."""
    name = raw.name + SIDECAR_SUFFIX
    return raw.with_name(name) if len(os.fsencode(name)) <= LONGEST_NAME_BYTES else None


def has_sidecar(raw: Path) -> bool:
    """Whether anything stands where a RAW file's sidecar belongs; False where there can be none.

    Raises:
        OSError: the disk refuses.
    """
    path = sidecar_of(raw)
    if path is None:
        return False
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def _look(
    raw: Path,
    adjustments: Mapping[str, Json],
    preset_id: str | None,
    *,
    warnings: tuple[str, ...] = (),
    kept: Path | None = None,
    problem: str = "",
    written: bool = False,
) -> FrozenLook:
    reading = read_adjustments(adjustments)
    named = reading.adjustments.lut
    lut = None if named is None else find_lut(named, folder=raw.parent)
    usable, problem_of_lut = (None, lut.reason) if isinstance(lut, NoCube) else (lut, "")
    return FrozenLook(
        adjustments=adjustments,
        look=look_digest(adjustments, lut_sha256="" if usable is None else usable.sha256),
        preset_id=preset_id,
        unsupported=tuple(sorted((*reading.unsupported, *(("lutPath",) if problem_of_lut else ())))),
        lut=usable,
        lut_problem=problem_of_lut,
        warnings=warnings,
        kept=kept,
        problem=problem,
        written=written,
    )


def _read(path: Path) -> bytes | sidecar.Unreadable | None:
    try:
        data = read_regular(path, largest_bytes=LARGEST_BYTES)
    except OSError as error:
        if error.errno in _UNREADABLE:
            return sidecar.Unreadable(f"it cannot be opened: {os.strerror(error.errno)}")
        raise
    return sidecar.Unreadable(data.reason) if isinstance(data, NotRead) else data
