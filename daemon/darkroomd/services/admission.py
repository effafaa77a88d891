"""The door between disk and queue: a settled file is looked into and frozen, then compared with its record.

All of it blocks; many files are taken in one go, so that thousands of them do not cost a thread hop each.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from darkroom.errors import DarkroomError
from darkroomd.core.content import Content, Judgement
from darkroomd.core.freshness import (
    Altered,
    Hashes,
    NeedsHash,
    Outdated,
    OutputFile,
    UpToDate,
    Wanted,
    assess,
)
from darkroomd.core.model import CorrelationId, Fingerprint, Output
from darkroomd.core.presets import Preset
from darkroomd.files.fingerprint import sha256_of
from darkroomd.files.looks import inspect
from darkroomd.files.outputs import standing
from darkroomd.files.sidecars import FrozenLook, freeze
from darkroomd.files.xmp_files import is_rejected


@dataclass(frozen=True, slots=True)
class Refused:
    """The file is no RAW file; `what` names what it is."""

    what: str


@dataclass(frozen=True, slots=True)
class Delayed:
    """The disk did not let us: to be tried again. `code` is for programs, `problem` for people."""

    code: str
    problem: str


Admission = FrozenLook | Refused | Delayed

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A photo whose output is compared with what it should be."""

    raw: Path
    fingerprint: Fingerprint
    record: Output
    wanted: Wanted


def admit(
    raw: Path,
    files: Mapping[str, CorrelationId],
    presets: Mapping[str, Preset],
    *,
    applied_at_usec: int,
    replace_unreadable: bool = True,
) -> dict[str, Admission]:
    """Look into settled files of a `Raw/` folder and freeze the presets of RAW files into their sidecars.

    `replace_unreadable`: see `files.sidecars.freeze`.
    """
    return {
        name: _admit(
            raw,
            name,
            presets[name],
            applied_at_usec=applied_at_usec,
            correlation_id=correlation_id,
            replace_unreadable=replace_unreadable,
        )
        for name, correlation_id in files.items()
    }


def compare_at_a_glance(
    comparisons: Mapping[Key, Comparison],
) -> dict[Key, UpToDate | Altered | Outdated | Delayed | None]:
    """Return by key whether outputs are up to date, by sizes and times; None: `compare` can tell."""
    return {key: _compare(comparison, Hashes()) for key, comparison in comparisons.items()}


def compare(comparison: Comparison) -> UpToDate | Altered | Outdated | Delayed:
    """Return whether an output is up to date, reading contents where nothing less can tell."""
    try:
        hashes = Hashes(raw=sha256_of(comparison.raw) or "", output=sha256_of(comparison.record.path) or "")
    except OSError as error:
        return Delayed("disk.error", os.strerror(error.errno or 0))
    verdict = _compare(comparison, Hashes()) or _compare(comparison, hashes)
    assert verdict is not None
    return verdict


def _compare(comparison: Comparison, hashes: Hashes) -> UpToDate | Altered | Outdated | Delayed | None:
    try:
        output = standing(OutputFile(comparison.record.path, comparison.record.size_bytes))
    except OSError as error:
        return Delayed("disk.error", os.strerror(error.errno or 0))
    verdict = assess(
        comparison.record, comparison.wanted, raw=comparison.fingerprint, output=output, hashes=hashes
    )
    return None if isinstance(verdict, NeedsHash) else verdict


def _inspect(raw: Path, name: str) -> Judgement:
    try:
        return inspect(raw, name)
    except FileNotFoundError:
        raise
    except OSError:
        # What cannot be read goes on to the worker, which fails it with a proper reason.
        return Judgement(Content.UNKNOWN)


def _admit(
    raw: Path,
    name: str,
    preset: Preset,
    *,
    applied_at_usec: int,
    correlation_id: CorrelationId,
    replace_unreadable: bool,
) -> Admission:
    try:
        judgement = _inspect(raw, name)
        if judgement.content is Content.NOT_RAW:
            return Refused(judgement.what)
        look = freeze(
            raw / name,
            preset,
            applied_at_usec=applied_at_usec,
            correlation_id=correlation_id,
            replace_unreadable=replace_unreadable,
        )
        return replace(look, rejected=is_rejected(raw / name))
    except DarkroomError as error:
        return Delayed(error.code, error.message)
    except OSError as error:
        return Delayed("sidecar.not_written", os.strerror(error.errno or 0))
