"""Where each photo goes in an archive, decided before the first byte is copied.

The photos of one second, or of one name where the time is not known, share a base. The first stem of a base
is the base itself, the others are numbered. A photo that is in the archive already keeps its stem, whole or
half copied; the others get the lowest free numbers, in the order of time, then name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from darkroomd.core.archive_names import bases_of, folder_and_base, has_time, numbered, stem_of_archived
from darkroomd.core.model import PhotoId, SessionId
from darkroomd.core.naming import fold


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be archived.

    Attributes:
        path: where it is now.
        tail: what stands behind the stem of its name in the archive; see `archive_sources.tails_of`.
        size_bytes: of it.
        sha256: of its content, hexadecimal, where that is known.
    """

    path: Path
    tail: str
    size_bytes: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A photo to be archived.

    Attributes:
        raw_name: of its RAW file.
        taken_usec: its time by its own wall clock, read as if that were UTC; None where nobody knows.
        sources: all its files, in the order in which they are to be copied; their tails differ when folded.
    """

    photo_id: PhotoId
    session_id: SessionId
    raw_name: str
    taken_usec: int | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What an archive's folders hold before the copying.

    Attributes:
        sizes: by folder, by name, of regular files in bytes; None for anything else. A folder that is not
            there holds nothing, and names that bear on no photo (see `bears_on`) may be left out.
    """

    sizes: Mapping[str, Mapping[str, int | None]]


@dataclass(frozen=True, slots=True)
class ContentHashes:
    """SHA-256 of files that were asked for, hexadecimal; None for one that cannot be read.

    Attributes:
        standing: by path relative to the archive (`2026/20260101_120000.NEF`).
        sources: by path.
    """

    standing: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    sources: Mapping[Path, str | None] = field(default_factory=dict[Path, str | None])


NO_HASHES: Final = ContentHashes()


@dataclass(frozen=True, slots=True)
class NeedsHashes:
    """Only content can tell: ask again with the hashes of these as well, in this order."""

    standing: tuple[str, ...]
    sources: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A file of a photo and its name in the archive; where it stands there, `source.sha256` is set."""

    source: Source
    name: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a photo goes.

    Attributes:
        folder: in the archive: a year, or `unknown`.
        stem: of all its files there; no other photo's file has it.
        missing: what is to be copied.
        standing: what is there already, with identical content.
    """

    folder: str
    stem: str
    missing: tuple[Placed, ...]
    standing: tuple[Placed, ...]

    def path_of(self, placed: Placed) -> str:
        """Return the path of one of its files, relative to the archive."""
        return f"{self.folder}/{placed.name}"


@dataclass(frozen=True, slots=True)
class ArchivePlan:
    """A place for each photo.

    Attributes:
        placements: by photo.
        no_name_left: photos for which every number is taken.
    """

    placements: Mapping[PhotoId, Placement]
    no_name_left: frozenset[PhotoId]

    @property
    def bytes_needed(self) -> int:
        """How many bytes are to be copied."""
        return sum(placed.source.size_bytes for each in self.placements.values() for placed in each.missing)


def folders_of(entries: Iterable[Entry]) -> dict[str, frozenset[str]]:
    """Return the folders of the archive that photos go into, in order, each with the folded bases in it."""
    folders: dict[str, set[str]] = {}
    for entry in entries:
        folder, base = folder_and_base(entry.taken_usec, entry.raw_name)
        folders.setdefault(folder, set()).add(fold(base))
    return {folder: frozenset(folders[folder]) for folder in sorted(folders)}


def bears_on(name: str, bases: Collection[str]) -> bool:
    """Tell whether a name in a folder may be, or be in the way of, one of a photo with one of its `bases`."""
    return any(base in bases for base in bases_of(stem_of_archived(name)))


def plan_archive(
    entries: Collection[Entry],
    standing: Standing,
    hashes: ContentHashes = NO_HASHES,
    *,
    settled: Collection[str] = (),
) -> ArchivePlan | NeedsHashes:
    """Return where each photo goes, or which hashes are needed first.

    The order of the entries means nothing. A stem in the archive is a photo's if at least one of its files
    stands there with identical bytes, each other one does so or is absent, and nothing else has the stem. Of
    several photos with such a claim, one that is there as a whole goes first.

    `settled` are stems with their folders (`2026/20260501_090807`) of photos that are none of the entries and
    are known to be there: nobody else gets them, and nothing under them is hashed.
    """
    closed = _closed(settled)
    shelves = [
        _shelf(name, members, standing.sizes.get(name, {}), closed.get(name, {}))
        for name, members in _by_folder(entries).items()
    ]
    unknown = [_unknown_hashes(shelf, hashes) for shelf in shelves]
    standing_paths = {path for each in unknown for path in each.standing}
    source_paths = {path for each in unknown for path in each.sources}
    if standing_paths or source_paths:
        return NeedsHashes(tuple(sorted(standing_paths)), tuple(sorted(source_paths)))
    placements: dict[PhotoId, Placement] = {}
    for shelf in shelves:
        placements |= _placements(shelf, hashes)
    ids = (entry.photo_id for entry in entries)
    return ArchivePlan(placements, frozenset(each for each in ids if each not in placements))


@dataclass(frozen=True, slots=True)
class _Member:
    """A photo of a folder; `key` is its folded base."""

    entry: Entry
    base: str
    key: str


@dataclass(frozen=True, slots=True)
class _Held:
    """The names in a folder that have one stem.

    Attributes:
        stem: as the first of them has it.
        names: by what stands behind the stem, folded.
        claimable: these are files, and no two names are the same to a file system that ignores case.
    """

    stem: str
    names: Mapping[str, str]
    claimable: bool


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A folder of the archive.

    Attributes:
        members: the photos that go into it, in the order of their numbers.
        sizes: what it holds, by name.
        held: the same by folded stem.
    """

    name: str
    members: Sequence[_Member]
    sizes: Mapping[str, int | None]
    held: Mapping[str, _Held]

    def path_of(self, name: str) -> str:
        """Return the path of a name in it, relative to the archive."""
        return f"{self.name}/{name}"


def _by_folder(entries: Iterable[Entry]) -> dict[str, list[_Member]]:
    folders: dict[str, list[_Member]] = {}
    for entry in sorted(entries, key=_rank):
        folder, base = folder_and_base(entry.taken_usec, entry.raw_name)
        folders.setdefault(folder, []).append(_Member(entry, base, fold(base)))
    return folders


def _rank(entry: Entry) -> tuple[int, str, str, SessionId, PhotoId]:
    taken_usec = entry.taken_usec if has_time(entry.taken_usec) else None
    return taken_usec or 0, fold(entry.raw_name), entry.raw_name, entry.session_id, entry.photo_id


def _by_stem(sizes: Mapping[str, int | None]) -> dict[str, _Held]:
    """Return what a folder holds, by folded stem."""
    stems: dict[str, list[str]] = {}
    for name in sorted(sizes):
        stems.setdefault(stem_of_archived(name), []).append(name)
    held: dict[str, _Held] = {}
    for stem, names in stems.items():
        tails = {fold(name)[len(stem) :]: name for name in names}
        claimable = len(tails) == len(names) and all(sizes[name] is not None for name in names)
        held[stem] = _Held(names[0].partition(".")[0], tails, claimable)
    return held


def _shelf(
    name: str, members: Sequence[_Member], sizes: Mapping[str, int | None], closed: Mapping[str, _Held]
) -> _Shelf:
    return _Shelf(name, members, sizes, {**_by_stem(sizes), **closed})


def _closed(settled: Iterable[str]) -> dict[str, dict[str, _Held]]:
    """Return, by folder and folded stem, what nobody has a claim to."""
    closed: dict[str, dict[str, _Held]] = {}
    for path in settled:
        folder, _, stem = path.partition("/")
        closed.setdefault(folder, {})[fold(stem)] = _Held(stem, {}, claimable=False)
    return closed


def _unknown_hashes(shelf: _Shelf, hashes: ContentHashes) -> NeedsHashes:
    """Return the hashes that are not there yet, of all stems that some photo may have a claim to by sizes."""
    alike: dict[tuple[str, str, int], list[Source]] = {}
    for member in shelf.members:
        for source in member.entry.sources:
            alike.setdefault((member.key, fold(source.tail), source.size_bytes), []).append(source)
    standing: set[str] = set()
    compared: set[tuple[str, str, int]] = set()
    for stem, held in shelf.held.items():
        if not held.claimable:
            continue
        for key in bases_of(stem):
            sizes = {(key, tail, shelf.sizes[name] or 0) for tail, name in held.names.items()}
            if sizes <= alike.keys():
                compared |= sizes
                standing.update(map(shelf.path_of, held.names.values()))
    sources = {source.path for each in compared for source in alike[each] if source.sha256 is None}
    return NeedsHashes(tuple(standing - hashes.standing.keys()), tuple(sources - hashes.sources.keys()))


def _placements(shelf: _Shelf, hashes: ContentHashes) -> dict[PhotoId, Placement]:
    """Return the places of the photos of a folder that find one."""
    claimed = _claimed(shelf, hashes)
    taken = {*shelf.held}
    stems: dict[str, Iterator[str]] = {}
    placements: dict[PhotoId, Placement] = {}
    for number, member in enumerate(shelf.members):
        held = claimed.get(number)
        if held is not None:
            placements[member.entry.photo_id] = _continued(shelf, member, held, hashes)
            continue
        # By the folded base: those that differ by case alone share the numbers.
        free = stems.setdefault(member.key, numbered(member.key))
        stem = next((stem for stem in free if stem not in taken), None)
        if stem is not None:
            taken.add(stem)
            placements[member.entry.photo_id] = _new(shelf, member, member.base + stem[len(member.key) :])
    return placements


def _new(shelf: _Shelf, member: _Member, stem: str) -> Placement:
    missing = tuple(Placed(source, stem + source.tail) for source in member.entry.sources)
    return Placement(shelf.name, stem, missing, ())


def _continued(shelf: _Shelf, member: _Member, held: _Held, hashes: ContentHashes) -> Placement:
    missing: list[Placed] = []
    standing: list[Placed] = []
    for source in member.entry.sources:
        name = held.names.get(fold(source.tail))
        if name is None:
            missing.append(Placed(source, held.stem + source.tail))
        else:
            known = replace(source, sha256=hashes.standing[shelf.path_of(name)])
            standing.append(Placed(known, name))
    return Placement(shelf.name, held.stem, tuple(missing), tuple(standing))


def _claimed(shelf: _Shelf, hashes: ContentHashes) -> dict[int, _Held]:
    """Return the stems in a folder that belong to photos of it, by the photos' numbers."""
    owners = _owners(shelf, hashes)
    claimed: dict[int, _Held] = {}
    for stem in sorted(owners, key=lambda stem: (-_weight(shelf, stem), stem)):
        held = shelf.held[stem]
        free = [number for number in owners[stem] if number not in claimed]
        if free:
            claimed[min(free, key=lambda number: _preference(shelf, number, held))] = held
    return claimed


def _weight(shelf: _Shelf, stem: str) -> int:
    """Return how many bytes stand under a stem: the more, the surer it is whose it is."""
    return sum(shelf.sizes[name] or 0 for name in shelf.held[stem].names.values())


def _preference(shelf: _Shelf, number: int, held: _Held) -> tuple[bool, int]:
    return len(shelf.members[number].entry.sources) != len(held.names), number


def _owners(shelf: _Shelf, hashes: ContentHashes) -> dict[str, frozenset[int] | set[int]]:
    """Return by stem the numbers of the photos that everything under it may belong to."""
    contents: dict[tuple[str, str, str], set[int]] = {}
    for number, member in enumerate(shelf.members):
        for source in member.entry.sources:
            sha256 = source.sha256 or hashes.sources.get(source.path)
            if sha256 is not None:
                contents.setdefault((member.key, fold(source.tail), sha256), set()).add(number)
    owners: dict[str, frozenset[int] | set[int]] = {}
    for stem, held in shelf.held.items():
        if not held.claimable:
            continue
        found = [hashes.standing.get(shelf.path_of(name)) for name in held.names.values()]
        for key in bases_of(stem):
            alike = [
                contents.get((key, tail, sha256 or ""), frozenset[int]())
                for tail, sha256 in zip(held.names, found, strict=True)
            ]
            # The smallest set first: hundreds of photos may have equal sidecars.
            smallest, *others = sorted(alike, key=len)
            both = smallest.intersection(*others)
            if both:
                owners[stem] = owners.get(stem, frozenset[int]()) | both
    return owners
