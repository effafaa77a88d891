"""Sessions, photos and jobs by what a person calls them: name, path, number or id."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Final
from urllib.parse import unquote_to_bytes

from darkroom.cli.nearest import suggestion
from darkroom.cli.roll import arriving_in
from darkroom.client import Client
from darkroom.errors import (
    EXIT_NOT_FOUND,
    EXIT_USAGE,
    DarkroomError,
    InvalidParameter,
    NoSuchJob,
    NoSuchPhoto,
)
from darkroom.protocol.types import File, Job, Photo, Root, Session

_FILE_URI: Final = re.compile(r"file:(?://(?:localhost)?)?(?P<path>/(?!/).*)", re.DOTALL | re.IGNORECASE)
_LARGEST_JOB: Final = 2**63 - 1
_REMEMBERED: Final = 5000
"""Names of photos that are kept to suggest one of them."""

_LISTED: Final = {
    "session": "`darkroom sessions` lists those that are known, `darkroom session add FOLDER` adds one.",
    "root": "`darkroom root list` lists those that are known.",
    "photo": "`darkroom photos` lists those that are known.",
    "session,": "`darkroom sessions`, `darkroom photos` and `darkroom jobs` list what is known.",
}
"""What to do where nothing is called like a word, by the first word for what was looked for."""

_ByWord = dict[str, dict[str, Photo]]
"""Photos by their ids, by what they are called."""


class NothingNamed(DarkroomError):
    """No session, photo or job is called that; the message tells what may have been meant."""

    code = "NothingNamed"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, word: str, what: str, known: Iterable[str] = ()) -> None:
        remedy = suggestion(word, known) or f" {_LISTED[what.partition(' ')[0]]}"
        super().__init__(f"There is no {what} {word}.{remedy}", word=word)


class AmbiguousName(DarkroomError):
    """Several things are called that."""

    code = "AmbiguousName"
    exit_status = EXIT_USAGE

    def __init__(self, word: str, paths: tuple[str, ...]) -> None:
        super().__init__(
            f"{word} may be any of {len(paths)}: {', '.join(paths[:5])}; give the path.",
            word=word,
            paths=paths,
        )


def exact_path(file: File) -> str:
    """Return the path a file has on disk, bytes that are not UTF-8 as surrogate escapes."""
    return _path_in(file.uri or "") or file.path or ""


def _path_in(uri: str) -> str | None:
    """Return the path in the URI of a file on this machine (RFC 8089); None for any other text."""
    found = _FILE_URI.fullmatch(uri)
    return None if found is None else os.fsdecode(unquote_to_bytes(found["path"]))


def session_named(client: Client, word: str) -> Session:
    """Return the session with this id, folder or name, tried in this order.

    Raises:
        NothingNamed: none is called that.
        AmbiguousName: several are.
    """
    sessions = list(client.list_sessions())
    found = _session(sessions, word)
    if found is None:
        raise NothingNamed(word, "session", (session.name for session in sessions))
    return found


def root_named(client: Client, word: str) -> Root:
    """Return the root with this id or folder, tried in this order; raise `NothingNamed`."""
    paths = _spellings(word)
    roots = client.list_roots()
    for root in roots:
        if root.id == word:
            return root
    for root in roots:
        if exact_path(root.folder) in paths:
            return root
    raise NothingNamed(word, "root", (exact_path(root.folder) for root in roots))


def folder_named(word: str) -> str:
    """Return the absolute path of a folder that need not be known, as it is to be told to the daemon."""
    path = _path_in(word) or word
    try:
        return os.path.abspath(path)  # noqa: PTH100 - pathlib's absolute() keeps ".."
    except FileNotFoundError:
        # The working directory was removed: the daemon says what is wrong with a relative path.
        return path


def photos_named(client: Client, words: Sequence[str]) -> list[Photo]:
    """Return the photo of each id, path or file name.

    A name may do without its extension, be that of an output, or stand behind a session and a slash.

    Raises:
        NothingNamed: no photo is called that.
        AmbiguousName: several are.
    """
    sessions = list(client.list_sessions())
    return [_photo_named(client, sessions, word) for word in words]


def photos_in(client: Client, session: Session, words: Sequence[str]) -> list[Photo]:
    """Return the photos of a session that are called so, each once, in the order given; see `photos_named`.

    Raises:
        NothingNamed: none of this session is called that.
        AmbiguousName: several are.
    """
    known: list[str] = []
    exact: _ByWord = {}
    short: _ByWord = {}
    for photo in client.list_photos(session.id):
        name = PurePath(exact_path(photo.original)).name
        known.append(name)
        for word in (photo.id, name, f"{session.name}/{name}", *_paths_of(photo)):
            exact.setdefault(word, {})[photo.id] = photo
        for word in _short_names(photo):
            short.setdefault(word, {})[photo.id] = photo
    chosen: dict[str, Photo] = {}
    for word in words:
        matches = _called(word, exact) or short.get(word, {})
        if not matches:
            raise NothingNamed(word, f"photo of {session.name} called", known)
        if len(matches) > 1:
            raise AmbiguousName(word, tuple(exact_path(photo.original) for photo in matches.values()))
        chosen |= matches
    return list(chosen.values())


def _called(word: str, exact: _ByWord) -> dict[str, Photo]:
    """Return the photos with this id or name, or at the paths that the word may mean."""
    return {key: photo for name in (word, *_spellings(word)) for key, photo in exact.get(name, {}).items()}


def _photo_named(client: Client, sessions: list[Session], word: str) -> Photo:
    known: list[str] = []
    found = (
        _photo_at(client, sessions, word)
        or _photo_with_id(client, word)
        or _photo_with_name(client, sessions, word, known)
    )
    if found is None:
        raise NothingNamed(word, "photo", known)
    return found


def anything_named(client: Client, word: str) -> Session | Photo | Job:
    """Return the job with this number, else the session, else the photo of this id, path or name.

    A photo is found by the path of an output, too, and one that is still arriving by its file's.

    Raises:
        NothingNamed: nothing is called that.
        AmbiguousName: several sessions or photos are.
    """
    sessions = list(client.list_sessions())
    known = [session.name for session in sessions]
    found = (
        _job(client, word)
        or _session(sessions, word)
        or _photo_at(client, sessions, word)
        or _photo_with_id(client, word)
        or _photo_with_name(client, sessions, word, known)
        or _arriving(client, sessions, word)
    )
    if found is None:
        raise NothingNamed(word, "session, photo or job", known)
    return found


def _job(client: Client, word: str) -> Job | None:
    if not (word.isascii() and word.isdecimal() and int(word) <= _LARGEST_JOB):
        return None
    try:
        return client.get_job(int(word))
    except NoSuchJob:
        return None


def _session(sessions: list[Session], word: str) -> Session | None:
    paths = _spellings(word)
    for matches in (
        [session for session in sessions if session.id == word],
        [session for session in sessions if exact_path(session.folder) in paths],
        [
            session
            for session in sessions
            if word in {session.name, PurePath(exact_path(session.folder)).name}
        ],
    ):
        if len(matches) > 1:
            raise AmbiguousName(word, tuple(exact_path(session.folder) for session in matches))
        if matches:
            return matches[0]
    return None


def _photo_at(client: Client, sessions: list[Session], word: str) -> Photo | None:
    paths = _spellings(word)
    parents = {str(parent) for path in paths for parent in PurePath(path).parents}
    for session in sessions:
        if exact_path(session.folder) in parents:
            for photo in client.list_photos(session.id):
                if not paths.isdisjoint(_paths_of(photo)):
                    return photo
    return None


def _photo_with_id(client: Client, word: str) -> Photo | None:
    try:
        return client.get_photo(word)
    except (NoSuchPhoto, InvalidParameter):
        return None


def _photo_with_name(client: Client, sessions: list[Session], word: str, known: list[str]) -> Photo | None:
    """Return the photo with this file name; the names of the others are added to those that are known."""
    sessions, name = _within(sessions, word)
    exact: list[Photo] = []
    short: list[Photo] = []
    for session in sessions:
        for photo in client.list_photos(session.id):
            own = PurePath(exact_path(photo.original)).name
            if own == name:
                exact.append(photo)
            elif name in _short_names(photo):
                short.append(photo)
            if len(known) < _REMEMBERED:
                known.append(own)
    matches = exact or short
    if len(matches) > 1:
        raise AmbiguousName(word, tuple(exact_path(photo.original) for photo in matches))
    return matches[0] if matches else None


def _arriving(client: Client, sessions: list[Session], word: str) -> Photo | None:
    """Return the photo with this file name or path whose file is not complete yet."""
    paths = _spellings(word)
    sessions, name = _within(sessions, word)
    matches = [
        photo
        for session in sessions
        for photo in arriving_in(client, session.id)
        if exact_path(photo.original) in paths
        or name in {PurePath(exact_path(photo.original)).name, *_short_names(photo)}
    ]
    if len(matches) > 1:
        raise AmbiguousName(word, tuple(exact_path(photo.original) for photo in matches))
    return matches[0] if matches else None


def _within(sessions: list[Session], word: str) -> tuple[list[Session], str]:
    """Return the sessions a photo is looked for in, and its name: `Wedding/IMG_1.NEF` is one of Wedding's."""
    parent, _, name = word.rpartition("/")
    named = [session for session in sessions if parent and session.name == parent]
    return (named, name) if named else (sessions, word)


def _short_names(photo: Photo) -> Iterator[str]:
    """Yield what else people call a photo: its name without the extension, and the names of its outputs."""
    yield PurePath(exact_path(photo.original)).stem
    for output in photo.outputs:
        yield PurePath(exact_path(output.file)).name


def _paths_of(photo: Photo) -> Iterator[str]:
    yield exact_path(photo.original)
    for output in photo.outputs:
        yield exact_path(output.file)


def _spellings(word: str) -> frozenset[str]:
    """Return the absolute paths a word or URI may mean: as it stands, and with links followed."""
    path = _path_in(word) or word
    if not path or "\0" in path:
        return frozenset()
    try:
        return frozenset((os.path.abspath(path), os.path.realpath(path)))  # noqa: PTH100 - pathlib's absolute() keeps ".."
    except FileNotFoundError:
        # The working directory was removed: what is relative to it names nothing.
        return frozenset()
