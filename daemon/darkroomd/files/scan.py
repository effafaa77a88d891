"""What is there: the entries of a `Raw/` folder, and the sessions below a root."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from darkroomd.core.freshness import OutputFile
from darkroomd.core.intake import SIDECAR_SUFFIX, EntryKind, Ignored, classify
from darkroomd.core.model import RAW_FOLDER, Fingerprint
from darkroomd.core.scan_pace import FolderStamp
from darkroomd.files.fingerprint import fingerprint_from
from darkroomd.files.folders import FolderIsLink, is_link, open_folder
from darkroomd.files.outputs import standing
from darkroomd.files.watch import can_be_told


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries of a `Raw/` folder by name: files to wait for, and what is left alone.

    Frozen presets are neither: there are as many of them as of photos, and they are looked at with these.
    `watchable`: a watcher can tell of all names in the folder.
    """

    candidates: Mapping[str, Fingerprint]
    ignored: Mapping[str, Ignored]
    watchable: bool


@dataclass(frozen=True, slots=True)
class RootListing:
    """The sub-folders of a root: sessions, and folders that may become one."""

    sessions: tuple[Path, ...]
    others: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """The folders of a session by their own times; one of `outputs` is None where there is no such folder."""

    raw: FolderStamp
    outputs: tuple[FolderStamp | None, ...]


def glance_at(raw: Path, output_folders: Sequence[Path]) -> Glance:
    """Return what tells without listing them whether names came to folders of a session, or went.

    Raises:
        FolderIsLink, OSError: `Raw/` cannot be opened.
    """
    with open_folder(raw) as folder:
        found = os.fstat(folder)
    return Glance(_stamp(found), tuple(map(_stamp_of, output_folders)))


def _stamp_of(folder: Path) -> FolderStamp | None:
    try:
        return _stamp(folder.lstat())
    except OSError:
        return None


def find_lost(recorded: Mapping[str, OutputFile], folder: Path, *, thorough: bool) -> frozenset[str]:
    """Return the photos, by name, whose recorded outputs are gone; most are expected in `folder`.

    `thorough`: or are no pictures any more, which only a look at each of them shows.

    Raises:
        OSError: the disk does not tell.
    """
    present: frozenset[str] = frozenset()
    if recorded and not thorough and not is_link(folder):
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
            present = frozenset(entry.name for entry in entries)
    # A listing may spell names otherwise than they were given: what it lacks is asked for by itself.
    return frozenset(
        name
        for name, file in recorded.items()
        if not (file.path.parent == folder and file.path.name in present) and standing(file) is None
    )


def list_raw(raw: Path, extensions: Collection[str]) -> Listing:
    """List a `Raw/` folder; files that vanish meanwhile are left out.

    Raises:
        FolderIsLink, OSError: the folder cannot be read.
    """
    candidates: dict[str, Fingerprint] = {}
    ignored: dict[str, Ignored] = {}
    odd: list[str] = []
    with open_folder(raw) as folder, os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.isascii():
                odd.append(entry.name)
            if entry.name.endswith(SIDECAR_SUFFIX):
                continue
            verdict = classify(entry.name, _kind(entry), extensions)
            if isinstance(verdict, Ignored):
                ignored[entry.name] = verdict
                continue
            fingerprint = _fingerprint(entry)
            if fingerprint is not None:
                candidates[entry.name] = fingerprint
    return Listing(candidates, ignored, can_be_told(odd))


def list_root(root: Path) -> RootListing:
    """List the sub-folders of a root, in order of name; links and hidden folders are left out.

    Raises:
        FolderIsLink, OSError: the root cannot be read.
    """
    if is_link(root):
        # It was none when it was named, and what it leads to now nobody asked for.
        raise FolderIsLink(root)
    with os.scandir(root) as entries:
        folders = sorted(
            Path(entry.path)
            for entry in entries
            if not entry.name.startswith(".") and _kind(entry) is EntryKind.FOLDER
        )
    sessions = tuple(folder for folder in folders if has_raw(folder))
    found = frozenset(sessions)
    return RootListing(sessions, tuple(folder for folder in folders if folder not in found))


def has_raw(folder: Path) -> bool:
    """Whether a folder holds a `Raw/` folder that is no link."""
    raw = folder / RAW_FOLDER
    try:
        return raw.is_dir() and not is_link(raw)
    except OSError:
        return False


def _kind(entry: os.DirEntry[str]) -> EntryKind:
    try:
        if entry.is_symlink():
            return EntryKind.LINK
        if entry.is_dir(follow_symlinks=False):
            return EntryKind.FOLDER
        return EntryKind.FILE if entry.is_file(follow_symlinks=False) else EntryKind.SPECIAL
    except OSError:
        # Only asked of the disk where the folder itself does not tell; the entry is gone or out of reach.
        return EntryKind.SPECIAL


def _fingerprint(entry: os.DirEntry[str]) -> Fingerprint | None:
    try:
        return fingerprint_from(entry.stat(follow_symlinks=False))
    except OSError:
        return None


def _stamp(found: os.stat_result) -> FolderStamp:
    return FolderStamp(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
