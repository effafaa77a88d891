"""Files of any name, as the protocol writes them and as the system knows them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from darkroom.protocol.types import File

_FILE_URI: Final = re.compile(r"file:(?://(?:localhost)?)?(?P<path>/(?!/).*)", re.DOTALL | re.IGNORECASE)


def file_at(path: str | os.PathLike[str]) -> File:
    """Return a path as it is told to the daemon."""
    named = Path(path)
    # As a URI any name can be sent, UTF-8 or not; what is not absolute has none, and is refused in words.
    return File(uri=named.as_uri()) if named.is_absolute() else File(path=str(named))


def exact_path(file: File) -> str:
    """Return the path a file has on disk, bytes that are not UTF-8 as surrogate escapes."""
    return path_in(file.uri or "") or file.path or ""


def path_in(uri: str) -> str | None:
    """Return the path in the URI of a file on this machine (RFC 8089); None for any other text."""
    found = _FILE_URI.fullmatch(uri)
    return None if found is None else os.fsdecode(unquote_to_bytes(found["path"]))


def spellings(path: str | os.PathLike[str]) -> frozenset[str]:
    """Return the absolute paths a path may mean: as it stands, and with the links to its folder followed.

    A path that cannot be one means nothing.
    """
    text = os.fspath(path)
    if not text or "\0" in text:
        return frozenset()
    try:
        plain = os.path.abspath(text)  # noqa: PTH100 - pathlib's absolute() keeps ".."
    except FileNotFoundError:
        # The working directory was removed: what is relative to it names nothing.
        return frozenset()
    folder, name = os.path.split(plain)
    # The file's own name stands: a photo is never a link.
    return frozenset((plain, os.path.join(os.path.realpath(folder), name)))  # noqa: PTH118 - names of any bytes
