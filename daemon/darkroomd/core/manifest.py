"""Manifests of archives, in the format that `sha256sum` writes and checks. It is all bytes, as names are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from darkroomd.core.model import SessionId

MANIFEST_PREFIX: Final = "SHA256SUMS."
"""What the manifest of a session in an archive is called, before the session's id."""

_LINE: Final = re.compile(rb"(?P<escaped>\\?)(?P<sha256>[0-9a-fA-F]{64}) [ *](?P<path>.+)", re.DOTALL)
_ESCAPES: Final = {b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r"}
_UNESCAPES: Final = {escaped: plain for plain, escaped in _ESCAPES.items()}
_ESCAPE: Final = re.compile(rb"\\(?s:.)?")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says.

    Attributes:
        sha256: of files, hexadecimal in lower case, by path relative to the manifest's folder.
        damaged: lines that say nothing of a file below that folder, without their ends.
    """

    sha256: Mapping[bytes, str] = field(default_factory=dict[bytes, str])
    damaged: tuple[bytes, ...] = ()


def manifest_name(session_id: SessionId) -> str:
    """Return the name of a session's manifest."""
    return MANIFEST_PREFIX + session_id


def parse_manifest(data: bytes) -> Manifest:
    """Return what a manifest says. Of two lines on one file the later one counts; empty lines say nothing.

    A path that is absolute or has `..` in it leads out of the archive: its line is damaged.
    """
    sha256: dict[bytes, str] = {}
    damaged: list[bytes] = []
    for line in data.split(b"\n"):
        found = _LINE.fullmatch(line.removesuffix(b"\r"))
        path = None if found is None else _unescaped(found)
        if found is not None and path is not None and _leads_inside(path):
            sha256[path] = found["sha256"].decode().lower()
        elif line.strip():
            damaged.append(line)
    return Manifest(sha256, tuple(damaged))


def print_manifest(manifest: Manifest) -> bytes:
    """Return the text of a manifest: a line for each file, by path, then the damaged lines as they are."""
    lines = [_line(path, sha256) for path, sha256 in sorted(manifest.sha256.items())]
    return b"".join(line + b"\n" for line in (*lines, *manifest.damaged))


def with_additions(manifest: Manifest, additions: Mapping[bytes, str]) -> Manifest:
    """Return a manifest with more files, or with other hashes for files that it has."""
    return Manifest({**manifest.sha256, **additions}, manifest.damaged)


def _line(path: bytes, sha256: str) -> bytes:
    escaped = re.sub(rb"[\\\n\r]", lambda found: _ESCAPES[found[0]], path)
    return (b"\\" if escaped != path else b"") + sha256.encode() + b"  " + escaped


def _unescaped(found: re.Match[bytes]) -> bytes | None:
    """Return the path of a line; None where an escape in it means nothing."""
    path: bytes = found["path"]
    if not found["escaped"]:
        return path
    if any(escape not in _UNESCAPES for escape in _ESCAPE.findall(path)):
        return None
    return _ESCAPE.sub(lambda escape: _UNESCAPES[escape[0]], path)


def _leads_inside(path: bytes) -> bool:
    parts = path.split(b"/")
    return not path.startswith(b"/") and b".." not in parts and {*parts} != {b"."} and b"\0" not in path
