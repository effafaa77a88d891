"""Reads the files of the configuration: regular files of a sane size, whatever else may stand there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from darkroomd.config import Layer, OnFlaws, parse_layer, refuse
from darkroomd.core.faults import ConfigUnreadable
from darkroomd.files.reading import NotRead, read_regular

LARGEST_BYTES: Final = 256 << 10
"""Of a file of the configuration."""


def read_layer(path: Path, *, required: bool, on_flaws: OnFlaws = refuse) -> Layer | None:
    """Read and parse a file of the configuration; None if there is none and it is not `required`.

    Links are followed, since a person or a packager made them; one that leads nowhere is not the same as no
    file. `/dev/null` is empty, as it is for every program.

    Raises:
        ConfigUnreadable: it cannot be read.
        ConfigInvalid: see `parse_layer`.
    """
    real = os.path.realpath(path)
    if real == os.devnull:
        return parse_layer(b"", str(path))
    try:
        content = read_regular(Path(real), largest_bytes=LARGEST_BYTES)
    except (OSError, ValueError) as error:
        # A name with a NUL in it is a ValueError.
        problem = os.strerror(error.errno or 0) if isinstance(error, OSError) else "no file has such a name"
        raise ConfigUnreadable(path, problem) from error
    if isinstance(content, NotRead):
        raise ConfigUnreadable(path, content.reason)
    if content is not None:
        return parse_layer(content, str(path), on_flaws=on_flaws)
    if path.is_symlink():
        raise ConfigUnreadable(path, f"it is a link to {real}, which does not exist")
    if required:
        raise ConfigUnreadable(path, "the file does not exist")
    return None
