"""Looks at a whole session: what is there, and which of its photos are up to date. All of it blocks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from darkroomd.core.cancellation import is_by_removal
from darkroomd.core.due import overall
from darkroomd.core.freshness import (
    AGED,
    Altered,
    Cause,
    Hashes,
    NeedsHash,
    Outdated,
    OutputFile,
    UpToDate,
    Verdict,
    Wanted,
    assess,
)
from darkroomd.core.imprint import dated_look
from darkroomd.core.intake import SIDECAR_SUFFIX, Ignored
from darkroomd.core.model import RAW_FOLDER, Fingerprint, Output, Photo, PhotoState
from darkroomd.core.output_plan import OUTPUT_SUFFIXES, Labels, OutputPlan, former_folders
from darkroomd.core.recorded_outputs import RecordedSession, read_session
from darkroomd.core.session_document import DOCUMENT_NAME
from darkroomd.files.atomic import OWN_PARTS
from darkroomd.files.documents import read_document
from darkroomd.files.fingerprint import sha256_of
from darkroomd.files.folders import FolderIsLink
from darkroomd.files.outputs import standing
from darkroomd.files.scan import list_raw
from darkroomd.files.sidecars import FrozenLook, read_look
from darkroomd.files.sweep import sweep


@dataclass(frozen=True, slots=True)
class Sight:
    """What a scan found.

    Attributes:
        candidates: the files to wait for.
        ignored: what is left alone.
        news: the same that was not spoken of yet.
        watchable: whether a watcher can tell of all names in the folder.
    """

    candidates: Mapping[str, Fingerprint]
    ignored: Mapping[str, Ignored]
    news: Mapping[str, Ignored]
    watchable: bool


@dataclass(frozen=True, slots=True)
class Doubts:
    """Photos that are not what their records say, by file name.

    Attributes:
        doubtful: to be looked at more closely.
        aged: developed, and only another pipeline would develop them differently.
        renewed: aged once, and up to date again since the pipeline is the one that developed them.
    """

    doubtful: frozenset[str]
    aged: frozenset[str]
    renewed: frozenset[str]


def look_around(raw: Path, extensions: Collection[str], ignored: Mapping[str, Ignored]) -> Sight:
    """List a `Raw/` folder; `ignored` is what was left alone before.

    Raises:
        FolderIsLink, OSError: the folder cannot be read.
    """
    listing = list_raw(raw, extensions)
    news = {name: verdict for name, verdict in listing.ignored.items() if ignored.get(name) != verdict}
    return Sight(listing.candidates, listing.ignored, news, listing.watchable)


def find_outdated(
    known: Mapping[str, Photo], found: Mapping[str, Fingerprint], *, folder: Path, plan: OutputPlan
) -> Doubts:
    """Return the photos that are not certainly what their records say, by stats and sidecars alone.

    These are developed ones, and those whose work was canceled to remove a session that is there still.

    `known` are all photos of the session in `folder`, `found` the RAW files that are there.
    """
    labels = plan.labels(known)
    doubtful: set[str] = set()
    aged: set[str] = set()
    renewed: set[str] = set()
    for name, photo in known.items():
        if name not in found:
            continue
        if photo.failure is not None and is_by_removal(photo.failure):
            # The daemon died before it forgot the session.
            doubtful.add(name)
        if not (photo.state is PhotoState.DEVELOPED or photo.aged):
            continue
        verdict = judge(photo, found[name], labels, folder=folder, plan=plan)
        if verdict == AGED:
            aged |= set() if photo.aged else {name}
        elif not isinstance(verdict, UpToDate | Altered):
            doubtful.add(name)
        elif photo.aged:
            renewed.add(name)
    return Doubts(frozenset(doubtful), frozenset(aged), frozenset(renewed))


def read_recorded(folder: Path) -> RecordedSession:
    """Return what the record of the session in `folder` knows."""
    return read_session(read_document(folder) or {})


def sweep_leftovers(folder: Path, *, output_folders: Iterable[str]) -> tuple[str, ...]:
    """Remove what a killed daemon left of outputs, sidecars and the session's record in a session folder.

    Nothing may be developed in the folder; what cannot be removed stays, and nothing reads it.
    """
    removed: list[str] = []
    places: list[tuple[Path, str | tuple[str, ...]]] = [
        *((folder / output_folder, OUTPUT_SUFFIXES) for output_folder in output_folders),
        (folder / RAW_FOLDER, SIDECAR_SUFFIX),
        (folder, DOCUMENT_NAME),
    ]
    for place, suffix in places:
        with suppress(OSError, FolderIsLink):
            removed += sweep(place, live=OWN_PARTS, suffix=suffix)
    return tuple(removed)


def sweep_former(folder: Path, outputs: Iterable[Path], *, plan: OutputPlan) -> tuple[str, ...]:
    """Remove part files that a killed daemon left of recipes that are no longer in the configuration.

    `outputs` tells where they wrote; nothing does now, so that it can be done at any time.
    """
    removed: list[str] = []
    for name in former_folders(plan, folder, outputs):
        with suppress(OSError, FolderIsLink):
            removed += sweep(folder / name, live=OWN_PARTS, suffix=OUTPUT_SUFFIXES)
    return tuple(removed)


def judge(
    photo: Photo, found: Fingerprint, labels: Labels, *, folder: Path, plan: OutputPlan
) -> Verdict | None:
    """Compare the outputs of a photo of the session in `folder` with what they should be.

    The neediest counts, by stats and the photo's sidecar; None: there is no telling. `found` is the RAW file
    as it is now, `labels` are by the photos that the session has now. A .cube file that is gone makes no
    finished picture worse: such a photo's look counts as it was.
    """
    paths = plan.paths(photo, folder, labels)
    return overall(verdicts(photo, found, paths, plan, needs_lut=False).values())


def verdicts(
    photo: Photo, found: Fingerprint, paths: Mapping[str, Path], plan: OutputPlan, *, needs_lut: bool = True
) -> dict[str, Verdict | None]:
    """Compare each output of a photo with what it should be and where, by recipe; see `judge`.

    Without `needs_lut` the look stays what it was where the .cube file that it names cannot be used.
    """
    try:
        asked = read_look(photo.raw)
    except OSError:
        return dict.fromkeys(paths)
    judged: dict[str, Verdict | None] = {}
    for recipe, (record, wanted) in _wishes(photo, asked, paths, plan, needs_lut=needs_lut).items():
        judged[recipe] = None if record is None else _assessed(record, wanted, found)
    return judged


def close_verdicts(
    photo: Photo,
    look: FrozenLook,
    paths: Mapping[str, Path],
    plan: OutputPlan,
    *,
    hash_of: Callable[[Path], str | None] | None = sha256_of,
) -> dict[str, Verdict | None]:
    """Compare each output as `verdicts` does, and contents where only they can tell.

    The RAW file is as it is recorded of the photo, and `look` what its sidecar says now. `hash_of` reads
    files, see `sha256_of`; None: none is read.
    """
    judged: dict[str, Verdict | None] = {}
    for recipe, (record, wanted) in _wishes(photo, look, paths, plan, needs_lut=False).items():
        judged[recipe] = (
            Outdated(Cause.NEVER_DEVELOPED)
            if record is None
            else _assessed_closely(record, wanted, photo, hash_of=hash_of)
        )
    return judged


def _wishes(
    photo: Photo, asked: FrozenLook, paths: Mapping[str, Path], plan: OutputPlan, *, needs_lut: bool
) -> dict[str, tuple[Output | None, Wanted]]:
    """Return by recipe what is recorded of a photo's output and what it should be."""
    records = {output.recipe: output for output in photo.outputs}
    look = dated_look(asked.look, photo.corrected_at_usec)
    stays = bool(asked.lut_problem) and not needs_lut
    wishes: dict[str, tuple[Output | None, Wanted]] = {}
    for recipe in plan.recipes:
        record = records.get(recipe.name)
        look_wanted = record.inputs.look if stays and record is not None else look
        wanted = Wanted(paths[recipe.name], look_wanted, recipe.digest, plan.pipeline)
        wishes[recipe.name] = record, wanted
    return wishes


def _assessed(record: Output, wanted: Wanted, found: Fingerprint) -> Verdict | None:
    try:
        output = standing(OutputFile(record.path, record.size_bytes))
    except OSError:
        return None
    return assess(record, wanted, raw=found, output=output)


def _assessed_closely(
    record: Output, wanted: Wanted, photo: Photo, *, hash_of: Callable[[Path], str | None] | None
) -> Verdict | None:
    try:
        output = standing(OutputFile(record.path, record.size_bytes))
        verdict = assess(record, wanted, raw=photo.fingerprint, output=output, closely=True)
        if not isinstance(verdict, NeedsHash) or hash_of is None:
            return verdict
        hashes = Hashes(
            raw=(hash_of(photo.raw) or "") if verdict.raw else None,
            output=(hash_of(record.path) or "") if verdict.output else None,
        )
    except OSError:
        return None
    return assess(record, wanted, raw=photo.fingerprint, output=output, hashes=hashes, closely=True)
