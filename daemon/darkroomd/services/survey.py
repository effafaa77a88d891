"""The first look at a session: which of its known photos are up to date. All of it blocks."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from darkroomd.core.freshness import Altered, UpToDate, Wanted, assess
from darkroomd.core.intake import SIDECAR_SUFFIX
from darkroomd.core.model import RAW_FOLDER, Fingerprint, Photo
from darkroomd.core.naming import OUTPUT_SUFFIX
from darkroomd.core.session_document import DOCUMENT_NAME
from darkroomd.files.fingerprint import stat_of
from darkroomd.files.folders import FolderIsLink
from darkroomd.files.sidecars import read_look
from darkroomd.files.sweep import sweep


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A developed photo whose RAW file is there.

    Attributes:
        found: the RAW file as it is now.
        wanted_path: where its output should be.
    """

    photo: Photo
    found: Fingerprint
    wanted_path: Path


def find_outdated(
    photos: Iterable[Surveyed], *, recipe: str, recipe_digest: str, pipeline: str
) -> frozenset[str]:
    """Return the names of photos that are not certainly up to date by stats and sidecars alone."""
    return frozenset(
        surveyed.photo.name
        for surveyed in photos
        if not _is_fresh(surveyed, recipe=recipe, recipe_digest=recipe_digest, pipeline=pipeline)
    )


def sweep_leftovers(folder: Path, *, output_folder: str) -> tuple[str, ...]:
    """Remove what a killed daemon left of outputs, sidecars and the session's record in a session folder.

    Nothing may be at work in the folder; what cannot be removed stays, and nothing reads it.
    """
    removed: list[str] = []
    for place, suffix in (
        (folder / output_folder, OUTPUT_SUFFIX),
        (folder / RAW_FOLDER, SIDECAR_SUFFIX),
        (folder, DOCUMENT_NAME),
    ):
        with suppress(OSError, FolderIsLink):
            removed += sweep(place, live=(), suffix=suffix)
    return tuple(removed)


def _is_fresh(surveyed: Surveyed, *, recipe: str, recipe_digest: str, pipeline: str) -> bool:
    photo = surveyed.photo
    record = next((output for output in photo.outputs if output.recipe == recipe), None)
    if record is None:
        return False
    try:
        look, output = read_look(photo.raw).look, stat_of(record.path)
    except OSError:
        return False
    wanted = Wanted(surveyed.wanted_path, look, recipe_digest, pipeline)
    return isinstance(assess(record, wanted, raw=surveyed.found, output=output), UpToDate | Altered)
