""".cube files that sidecars name: found, read, and told apart by their content."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from darkroomd.core.adjustments import Lut
from darkroomd.core.cube_file import LARGEST_BYTES, NoCube, read_cube
from darkroomd.files.reading import NotRead, read_regular


@dataclass(frozen=True, slots=True)
class FoundLut:
    """A usable .cube file.

    Attributes:
        path: where it stands, absolute.
        sha256: of its content, hexadecimal: part of what a picture depends on.
    """

    path: Path
    sha256: str


_NONE: Final = NoCube("there is no such file")

_REMEMBERED: Final = 64
"""Files; the largest takes half a second to read, and photo after photo names the same one."""


def find_lut(lut: Lut, *, folder: Path) -> FoundLut | NoCube:
    """Look at the file that is named; a relative path starts at `folder`, which is absolute.

    It takes up to half a second for the largest, once. A link is followed nowhere, a pipe not waited for.
    """
    path = folder / lut.path
    try:
        found = path.lstat()
    except FileNotFoundError:
        return _NONE
    except OSError as error:
        return _closed(error)
    except UnicodeEncodeError:
        return NoCube("its name is none of a file")
    return _read(path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=_REMEMBERED)
def _read(path: Path, *_: int) -> FoundLut | NoCube:
    """Read a file that is known by what cannot stay the same when it changes."""
    try:
        data = read_regular(path, largest_bytes=LARGEST_BYTES)
    except OSError as error:
        return _closed(error)
    if data is None:
        return _NONE
    if isinstance(data, NotRead):
        return NoCube(data.reason)
    cube = read_cube(data)
    return cube if isinstance(cube, NoCube) else FoundLut(path, hashlib.sha256(data).hexdigest())


def _closed(error: OSError) -> NoCube:
    return NoCube(f"it cannot be opened: {os.strerror(error.errno or 0)}")
