"""An exported state: what its manifest says, whether it can be taken over, and where its folders lie then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from darkroomd.core.state_faults import (
    FoldersCollide,
    StateFileInvalid,
    StateFileTooNew,
)

KIND: Final = "darkroomd state"
FORMAT: Final = 1
MANIFEST_NAME: Final = "manifest.json"
DATABASE_NAME: Final = "queue.db"
LARGEST_MANIFEST_BYTES: Final = 65_536


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What stands at the beginning of an exported state.

    Attributes:
        kind: `KIND`.
        format: of the file; a larger number than `FORMAT` is of a newer darkroomd.
        version: of the darkroomd that wrote it.
        schema: of the database.
        created_at: when it was written, RFC 3339 in UTC.
        size_bytes: of the database.
        sha256: of the database, hexadecimal.
    """

    kind: str
    format: int
    version: str
    schema: int
    created_at: str
    size_bytes: int
    sha256: str


def new_manifest(*, version: str, schema: int, at: datetime, size_bytes: int, sha256: str) -> Manifest:
    """Return the manifest of a database that is exported at this moment."""
    return Manifest(
        kind=KIND,
        format=FORMAT,
        version=version,
        schema=schema,
        created_at=f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        size_bytes=size_bytes,
        sha256=sha256,
    )


def read_manifest(text: bytes, file: Path, *, known_schema: int) -> Manifest:
    """Return what the manifest of `file` says; what a newer darkroomd adds to it is ignored.

    Raises:
        StateFileInvalid: it is no manifest.
        StateFileTooNew: it is of a newer darkroomd.
    """
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StateFileInvalid(file, f"its manifest cannot be read ({error})") from error
    if manifest.kind != KIND:
        raise StateFileInvalid(file, "it is no state of darkroomd")
    if manifest.format > FORMAT or manifest.schema > known_schema:
        raise StateFileTooNew(file, found=manifest.schema, known=known_schema)
    if manifest.size_bytes <= 0 or manifest.schema <= 0:
        raise StateFileInvalid(file, "its manifest makes no sense")
    return manifest


@dataclass(frozen=True, slots=True)
class FolderMove:
    """A folder that lies elsewhere now, with all that is in it. Both paths are absolute."""

    old: Path
    new: Path


def parse_move(text: str) -> FolderMove:
    """Return what `OLD=NEW` says; where there are several `=`, the first one before a slash parts the two.

    Raises:
        ValueError: it says nothing like that; its text is a clause.
    """
    old, parted, new = text.partition("=/")
    if not parted:
        raise ValueError("give two absolute folders, as OLD=NEW")
    paths = PurePosixPath(old), PurePosixPath(f"/{new}")
    if not paths[0].is_absolute() or any(".." in path.parts for path in paths):
        raise ValueError("give two absolute folders without .., as OLD=NEW")
    return FolderMove(Path(paths[0]), Path(paths[1]))


def moved_by(folder: Path, moves: Sequence[FolderMove]) -> FolderMove | None:
    """Return the move that concerns a folder: of several the one that names most of its path."""
    fitting = [move for move in moves if folder.is_relative_to(move.old)]
    return max(fitting, key=lambda move: len(move.old.parts), default=None)


def moved(folder: Path, moves: Sequence[FolderMove]) -> Path:
    """Return where a folder lies once others have moved."""
    move = moved_by(folder, moves)
    return folder if move is None else move.new / folder.relative_to(move.old)


def all_moved(folders: Sequence[Path], moves: Sequence[FolderMove]) -> Mapping[Path, Path]:
    """Return where each of several folders lies once others have moved.

    Raises:
        FoldersCollide: two would lie in one place.
    """
    places = {folder: moved(folder, moves) for folder in folders}
    taken: dict[Path, Path] = {}
    for folder, place in places.items():
        if place in taken:
            raise FoldersCollide(place, (taken[place], folder))
        taken[place] = folder
    return places
