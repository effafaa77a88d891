"""What a name in a session's `Raw/` folder is: a RAW file, or something to leave alone, and why."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from darkroomd.core.freshness import is_same_file
from darkroomd.core.model import RAW_FOLDER, CorrelationId, Fingerprint, Page, Photo, PhotoState, Session
from darkroomd.core.naming import photo_id

_LIBRAW: Final = """
    3fr ari arw bay bmq braw cap cine cr2 cr3 crw cs1 dc2 dcr dcs dng drf dsc eip erf fff gpr ia iiq k25 kc2
    kdc mdc mef mos mrw nef nrw orf ori pef ptx pxn qtk raf raw rdc rw2 rwl rwz sr2 srf srw sti tif tiff x3f
"""
RAW_EXTENSIONS: Final = frozenset(_LIBRAW.split())
"""Extensions of the formats that LibRaw knows, in lower case; a TIFF file only counts with sensor data."""

SIDECAR_SUFFIX: Final = ".rrdata"
"""What is added to a RAW file's name to name the file that holds its frozen preset."""

_SIDECAR_EXTENSIONS: Final = frozenset(("rrdata", "xmp", "pp3", "dop", "arp", "on1", "cos", "thm", "bak"))
_PICTURE_EXTENSIONS: Final = frozenset(("jpg", "jpeg", "jpe", "hif", "heif", "heic", "png"))

# Endings that programs give to files they are still writing: browsers, FTP and SFTP servers and clients,
# torrent and download tools, Nextcloud (.ocTransferId….part), Syncthing, editors, and ourselves (.part).
_TEMPORARY: Final = re.compile(
    r"""
    ^[.~#]          # .name.XXXXXX of rsync, ~syncthing~name.tmp, ._name, .nfs0000
    | ~$
    | \.(part|partial|tmp|temp|crdownload|download|opdownload|filepart|kpart|aria2|upload|uploading|incomplete
        |inprogress|unfinished|writing|swp|lock|lftp-pget-status|!ut|!qb|!sync)(-?\d+)?$
    """,
    re.IGNORECASE | re.VERBOSE,
)
_KEPT_ASIDE: Final = re.compile(r"\.bak(\.\d+)?$", re.IGNORECASE)


MOST_FIRST_SHOTS: Final = 16
"""As many files may have come before a new session's folder was noticed."""


class Sighting(StrEnum):
    """What is known of how a file came to be where it was seen."""

    SEEN = "seen"
    ADDED = "added"
    RENAMED = "renamed"


class EntryKind(StrEnum):
    """What a directory entry is, without following links."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"


class Reason(StrEnum):
    """Why a directory entry is left alone."""

    FOLDER = "folder"
    LINK = "symbolic_link"
    SPECIAL = "no_regular_file"
    TEMPORARY = "temporary_name"
    SIDECAR = "sidecar"
    PICTURE = "finished_picture"
    NO_RAW_EXTENSION = "no_raw_extension"
    NO_RAW_CONTENT = "no_raw_content"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to wait for and then to look into."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """An entry to leave alone."""

    reason: Reason


def classify(name: str, kind: EntryKind, extensions: Collection[str] = RAW_EXTENSIONS) -> Candidate | Ignored:
    """Return what a directory entry is by its name; `extensions` are in lower case and without a dot.

    Links are never followed: what they point to may lie outside the session and changes unseen.
    """
    if kind is not EntryKind.FILE:
        return _BY_KIND[kind]
    if is_temporary(name):
        return _TEMPORARY_NAME
    extension = extension_of(name)
    if extension in _SIDECAR_EXTENSIONS or _KEPT_ASIDE.search(name):
        return _SIDECAR
    if extension in extensions:
        return _CANDIDATE
    return _PICTURE if extension in _PICTURE_EXTENSIONS else _NO_RAW_EXTENSION


# One value each: a folder of thousands is classified at every scan.
_CANDIDATE: Final = Candidate()
_TEMPORARY_NAME: Final = Ignored(Reason.TEMPORARY)
_SIDECAR: Final = Ignored(Reason.SIDECAR)
_PICTURE: Final = Ignored(Reason.PICTURE)
_NO_RAW_EXTENSION: Final = Ignored(Reason.NO_RAW_EXTENSION)
_BY_KIND: Final = {
    EntryKind.FOLDER: Ignored(Reason.FOLDER),
    EntryKind.LINK: Ignored(Reason.LINK),
    EntryKind.SPECIAL: Ignored(Reason.SPECIAL),
}


def is_temporary(name: str) -> bool:
    """Whether programs give such names to files they have not finished."""
    return _TEMPORARY.search(name) is not None


@dataclass(frozen=True, slots=True)
class Vanished:
    """Names that went in the same moment as others came.

    Attributes:
        temporary: temporary names, in any watched folder.
        elsewhere: names in watched folders other than the one that is asked about.
    """

    temporary: tuple[str, ...]
    elsewhere: frozenset[str]


def sighting_of(name: str, vanished: Vanished) -> Sighting:
    """Return what a name that was added owes to names that vanished in the same moment."""
    stem = name.rpartition(".")[0] + "."
    moved = name in vanished.elsewhere or any(
        name in temporary or temporary.lstrip(".~#").startswith(stem) for temporary in vanished.temporary
    )
    return Sighting.RENAMED if moved else Sighting.ADDED


def was_moved_in(sighting: Sighting, fingerprint: Fingerprint) -> bool:
    """Whether there is evidence that a file was complete when it got its name.

    Either a temporary name vanished in the same moment, or something befell the file after its last byte was
    written, by the file system's own clock: it was renamed, or its writer set its times, which comes last.
    """
    if sighting is Sighting.ADDED:
        return fingerprint.mtime_ns < fingerprint.ctime_ns
    return sighting is Sighting.RENAMED


@dataclass(frozen=True, slots=True)
class Differences:
    """How a folder differs from what was dealt with: names that are new or changed, and names gone."""

    fresh: tuple[str, ...]
    gone: tuple[str, ...]


def differences(found: Mapping[str, Fingerprint], *, dealt_with: Mapping[str, Fingerprint]) -> Differences:
    """Compare the files that a scan found with those that were dealt with, in order of name."""
    fresh = (
        name
        for name, fingerprint in found.items()
        if name not in dealt_with or not is_same_file(dealt_with[name], fingerprint)
    )
    return Differences(tuple(sorted(fresh)), tuple(sorted(dealt_with.keys() - found.keys())))


def is_backlog(fresh: int, *, appeared: bool) -> bool:
    """Whether files found by the first look at a session wait behind what arrives.

    `appeared`: its folder was made while we watched; then a few files are no backlog but the first shots.
    """
    return not appeared or fresh > MOST_FIRST_SHOTS


_ARRIVING_CURSOR: Final = "arriving:"
_LAST_PLACE: Final = "~"
"""Behind every other."""


def extension_of(name: str) -> str:
    """Return what stands behind the last dot, in lower case, or nothing."""
    stem, _, extension = name.rpartition(".")
    return extension.lower() if stem else ""


def arriving_photo(
    session: Session,
    name: str,
    fingerprint: Fingerprint,
    *,
    correlation_id: CorrelationId,
    arrived_at_usec: int,
) -> Photo:
    """Return a photo that was seen but is not in the queue yet, as watchers are told of it."""
    return Photo(
        id=photo_id(session.id, name),
        session_id=session.id,
        name=name,
        raw=session.folder / RAW_FOLDER / name,
        fingerprint=fingerprint,
        look="",
        preset_id=None,
        state=PhotoState.ARRIVING,
        discarded_by=None,
        captured_at_usec=None,
        corrected_at_usec=None,
        unsupported=(),
        warnings=(),
        camera="",
        attempts=0,
        last_attempt_at_usec=None,
        outputs=(),
        failure=None,
        correlation_id=correlation_id,
        arrived_at_usec=arrived_at_usec,
        revision=0,
    )


def arriving_page(photos: Iterable[Photo], *, cursor: str | None, limit: int) -> Page[Photo]:
    """Return a page of photos that are seen and not in the queue yet, in the order in which they came.

    `cursor` is None or one that `is_arriving_cursor`. Behind the last of them a list goes on with the others.
    """
    after = "" if cursor is None else cursor.removeprefix(_ARRIVING_CURSOR)
    rest = sorted((key, photo) for photo in photos if (key := _place_of(photo)) > after)
    entries = tuple(photo for _, photo in rest[:limit])
    if not entries:
        return Page(())
    last = rest[len(entries) - 1][0] if len(rest) > limit else _LAST_PLACE
    return Page(entries, next_cursor=_ARRIVING_CURSOR + last)


def is_arriving_cursor(cursor: str | None) -> bool:
    """Tell whether a list of photos goes on with what is not in the queue yet; so each begins."""
    return cursor is None or cursor.startswith(_ARRIVING_CURSOR)


def _place_of(photo: Photo) -> str:
    # Digits of one length, so that they are in order as text.
    return f"{photo.arrived_at_usec:020}.{photo.id}"
