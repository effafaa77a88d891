"""The folder of preset files: whether it changed, and what the files hold. All of it blocks."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from darkroomd.core.preset_documents import PRESET_SUFFIXES, Reading, read_presets
from darkroomd.core.presets import Preset
from darkroomd.files.reading import NotRead, read_regular

MOST_FILES: Final = 1000
"""Preset files that are read, in the order of their names."""

LARGEST_FILE_BYTES: Final = 8 << 20
"""A list of presets beyond this size is not read."""

Stamp: TypeAlias = tuple[tuple[str, int, int, int, int], ...]
"""What cannot stay the same when a preset file comes, goes or changes."""


def stamp_of(folder: Path) -> Stamp:
    """Return the stamp of a folder of presets; that of an empty one where there is none.

    Raises:
        OSError: the folder cannot be listed.
    """
    return tuple((name, *_identity(folder / name)) for name in _names(folder))


def read_folder(folder: Path) -> dict[str, Reading]:
    """Read all preset files of a folder, each to its presets or its problem, by name.

    Raises:
        OSError: the folder cannot be listed.
    """
    return {_printable(name): _read(folder / name) for name in _names(folder)}


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(name for name in names if _is_preset_file(name))[:MOST_FILES]


def _is_preset_file(name: str) -> bool:
    return name.lower().endswith(PRESET_SUFFIXES) and not name.startswith(".")


def _identity(path: Path) -> tuple[int, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(path: Path) -> Reading:
    try:
        # The owner of the configuration may well keep it elsewhere and link to it.
        data = read_regular(path.resolve(), largest_bytes=LARGEST_FILE_BYTES)
    except (OSError, RuntimeError) as error:
        problem = os.strerror(error.errno or 0) if isinstance(error, OSError) else "a loop of links"
        return Reading((), (f"it cannot be read ({problem})",))
    if data is None:
        return Reading((), ("it is gone, or a link to nowhere",))
    if isinstance(data, NotRead):
        return Reading((), (data.reason,))
    reading = read_presets(data, stem=_printable(path.stem))
    folder = _printable(str(path.parent.absolute()))
    return replace(reading, presets=tuple(_located(preset, folder) for preset in reading.presets))


def _located(preset: Preset, folder: str) -> Preset:
    """Return a preset whose .cube file is named from anywhere, not from the folder of presets alone."""
    lut = preset.adjustments.get("lutPath")
    if not isinstance(lut, str) or not lut or lut.startswith("/"):
        return preset
    return replace(preset, adjustments={**preset.adjustments, "lutPath": f"{folder}/{lut}"})


def _printable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")
