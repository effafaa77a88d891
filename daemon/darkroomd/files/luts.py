""".cube files that presets name: found, read, and told apart by their content."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroomd.core.adjustments import Lut
from darkroomd.core.cube_file import LARGEST_BYTES, Cube, NoCube, read_cube
from darkroomd.files.reading import NotRead, read_regular


@dataclass(frozen=True, slots=True)
class FoundLut:
    """A usable .cube file.

    Attributes:
        path: where it stands, absolute.
        sha256: of its content, hexadecimal: part of what a picture depends on.
        cube: its content.
    """

    path: Path
    sha256: str
    cube: Cube


_NONE: Final = NoCube("there is no such file")


def find_lut(lut: Lut, *, presets: Path) -> FoundLut | NoCube:
    """Read the file that is named; a relative path starts at the folder of `presets`.

    It takes up to half a second for the largest. A link is followed nowhere, a pipe not waited for.
    """
    path = presets / lut.path
    try:
        data = read_regular(path, largest_bytes=LARGEST_BYTES)
    except OSError as error:
        return NoCube(f"it cannot be opened: {os.strerror(error.errno or 0)}")
    except UnicodeEncodeError:
        return NoCube("its name is none of a file")
    if data is None:
        return _NONE
    if isinstance(data, NotRead):
        return NoCube(data.reason)
    cube = read_cube(data)
    return cube if isinstance(cube, NoCube) else FoundLut(path, hashlib.sha256(data).hexdigest(), cube)
