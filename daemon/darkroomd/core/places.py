"""Where sessions and roots may lie, and which folder on disk is which."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from darkroomd.core.freshness import is_same_file
from darkroomd.core.model import RAW_FOLDER, Fingerprint, RootId, WatchMode


@dataclass(frozen=True, slots=True)
class FolderIdentity:
    """Which folder on a disk it is, whatever it is called.

    The number of the device is handed out anew when a disk is mounted, that of the inode once it is free.
    """

    device: int
    inode: int


@dataclass(frozen=True, slots=True)
class Root:
    """A folder whose sub-folders are sessions."""

    id: RootId
    folder: Path


@dataclass(frozen=True, slots=True)
class RootStanding:
    """A root as it stands now; `sessions` is how many lie directly in it."""

    root: Root
    mode: WatchMode
    sessions: int


def refusal_of_session(folder: Path, *, sessions: Iterable[Path], roots: Iterable[Path]) -> str | None:
    """Return in a sentence why a folder cannot be a session beside what is watched; None if it can.

    All paths are absolute, with links resolved.
    """
    if folder == folder.parent:
        return "The whole disk cannot be a session. Give the folder that holds Raw/."
    if folder.name == RAW_FOLDER:
        return (
            f"{folder} is called {RAW_FOLDER}, as the folder inside a session is. Give the folder around it."
        )
    for root in roots:
        if root.is_relative_to(folder):
            return f"{folder} is, or contains, the root {root}. Give one of the folders in the root."
    for session in sessions:
        if folder != session and folder.is_relative_to(session):
            return f"{folder} lies inside the session {session}. Sessions cannot lie in one another."
        if folder != session and session.is_relative_to(folder):
            return f"{folder} contains the session {session}. Sessions cannot lie in one another."
    return None


def refusal_of_root(folder: Path, *, sessions: Iterable[Path], roots: Iterable[Path]) -> str | None:
    """Return in a sentence why a folder cannot be a root beside what is watched; None if it can.

    All paths are absolute, with links resolved.
    """
    if folder == folder.parent:
        return "The whole disk cannot be a root. Give the folder whose sub-folders are sessions."
    for root in roots:
        if folder != root and folder.is_relative_to(root):
            return f"{folder} lies inside the root {root}. Remove that root first, or leave this one out."
        if folder != root and root.is_relative_to(folder):
            return f"{folder} contains the root {root}. Remove that root first, or leave this one out."
    for session in sessions:
        if folder.is_relative_to(session):
            return f"{folder} is, or lies inside, the session {session}. Give the folder around the session."
    return None


def has_moved(
    known: Mapping[str, Fingerprint],
    found: Mapping[str, Fingerprint],
    *,
    before: FolderIdentity,
    now: FolderIdentity,
) -> bool:
    """Tell whether a folder that is found is the one of a session whose own is gone.

    `known` are the RAW files of the session, `found` those in the folder, by name. Inodes are given again to
    other folders: one RAW file that is the same proves it. A session without any has only the folder itself.
    """
    if before.inode != now.inode:
        return False
    if not known:
        return before == now
    return any(name in found and is_same_file(known[name], found[name]) for name in known)


def children(folder: Path, folders: Collection[Path]) -> tuple[Path, ...]:
    """Return those of the folders that lie directly in a folder, in order."""
    return tuple(sorted(one for one in folders if one.parent == folder))
