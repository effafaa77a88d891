"""Looks at a whole session: what is there, and which of its photos are up to date. All of it blocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from darkroomd.core.freshness import Altered, UpToDate, Wanted, assess
from darkroomd.core.intake import SIDECAR_SUFFIX, Ignored
from darkroomd.core.model import RAW_FOLDER, Fingerprint, Photo, PhotoState
from darkroomd.core.naming import OUTPUT_SUFFIX, output_names
from darkroomd.core.recorded_outputs import RecordedPhoto, read_photos
from darkroomd.core.session_document import DOCUMENT_NAME
from darkroomd.files.documents import read_document
from darkroomd.files.fingerprint import stat_of
from darkroomd.files.folders import FolderIsLink
from darkroomd.files.scan import list_raw
from darkroomd.files.sidecars import read_look
from darkroomd.files.sweep import sweep
from darkroomd.services.surroundings import OutputPlan


@dataclass(frozen=True, slots=True)
class Sight:
    """What a scan found: the files to wait for, and what is left alone that was not spoken of yet."""

    candidates: Mapping[str, Fingerprint]
    ignored: Mapping[str, Ignored]
    news: Mapping[str, Ignored]


def look_around(raw: Path, extensions: Collection[str], ignored: Mapping[str, Ignored]) -> Sight:
    """List a `Raw/` folder; `ignored` is what was left alone before.

    Raises:
        FolderIsLink, OSError: the folder cannot be read.
    """
    listing = list_raw(raw, extensions)
    news = {name: verdict for name, verdict in listing.ignored.items() if ignored.get(name) != verdict}
    return Sight(listing.candidates, listing.ignored, news)


def find_outdated(
    known: Mapping[str, Photo], found: Mapping[str, Fingerprint], *, folder: Path, plan: OutputPlan
) -> frozenset[str]:
    """Return the developed photos that are not certainly up to date, by stats and sidecars alone.

    `known` are all photos of the session in `folder`, `found` the RAW files that are there.
    """
    outputs = output_names(known)
    return frozenset(
        name
        for name, photo in known.items()
        if photo.state is PhotoState.DEVELOPED
        and name in found
        and not _is_fresh(photo, found[name], folder / plan.folder / outputs[name], plan)
    )


def read_recorded(folder: Path) -> dict[str, RecordedPhoto]:
    """Return what the record of the session in `folder` knows of its photos."""
    return read_photos(read_document(folder) or {})


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


def _is_fresh(photo: Photo, found: Fingerprint, wanted_path: Path, plan: OutputPlan) -> bool:
    record = next((output for output in photo.outputs if output.recipe == plan.recipe), None)
    if record is None:
        return False
    try:
        look, output = read_look(photo.raw).look, stat_of(record.path)
    except OSError:
        return False
    wanted = Wanted(wanted_path, look, plan.digest, plan.pipeline)
    return isinstance(assess(record, wanted, raw=found, output=output), UpToDate | Altered)
