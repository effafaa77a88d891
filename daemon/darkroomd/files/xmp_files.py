"""XMP files beside RAW files. All of it blocks."""

from __future__ import annotations

import errno
from pathlib import Path

from darkroomd.core.json_values import Broken
from darkroomd.core.xmp import LARGEST_BYTES, is_rejecting, xmp_names
from darkroomd.files.reading import NotRead, read_regular


def is_rejected(raw: Path) -> bool | None:
    """Return whether one of a RAW file's XMP files rejects it; None: one of them cannot be read."""
    verdicts = [_verdict(raw.with_name(name)) for name in xmp_names(raw.name)]
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _verdict(path: Path) -> bool | None:
    try:
        data = read_regular(path, largest_bytes=LARGEST_BYTES)
    except OSError as error:
        # Of a link or another user's file nothing is known; for some names there can be no XMP file.
        return False if error.errno == errno.ENAMETOOLONG else None
    if data is None:
        return False
    verdict = None if isinstance(data, NotRead) else is_rejecting(data)
    return None if isinstance(verdict, Broken) else verdict
