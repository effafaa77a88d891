"""Which files of a session go into an archive with a photo, and what they are called behind its stem."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Final

from darkroomd.core.archive_names import LONGEST_TAIL_BYTES, clean
from darkroomd.core.intake import SIDECAR_SUFFIX, extension_of, is_temporary
from darkroomd.core.naming import fitted, fold, stem_of
from darkroomd.core.xmp import XMP_SUFFIX, xmp_names

CAMERA_MARK: Final = ".camera"
"""What tells the JPEG that the camera made from the one that was developed."""

_TWINS: Final = frozenset(("jpg", "jpeg", "jpe", "hif", "heif", "heic"))
_LONGEST_EXTENSION_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class OutputName:
    """An output as a tail tells of it: by which recipe, and how its file's name ends (`.jpg`)."""

    recipe: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Tails:
    """What stands behind a photo's stem: of the files in `Raw/`, by their names, and of the outputs."""

    beside: dict[str, str]
    outputs: tuple[str, ...]


def kin_of(raw_names: Collection[str], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return for each RAW file the files of `Raw/` that belong to it, itself first, then by alphabet.

    `names` are all files in the folder. Those of a stem (`IMG_1.xmp`, `IMG_1.JPG`) belong to every RAW file
    of that stem. A RAW file is nobody's companion.
    """
    kin: dict[str, list[str]] = {name: [name] for name in raw_names}
    by_stem: dict[str, list[str]] = {}
    for raw in raw_names:
        by_stem.setdefault(stem_of(raw), []).append(raw)
    for name in sorted(set(names).difference(kin)):
        for raw in (stem_of(name), *by_stem.get(stem_of(name), ())):
            if raw in kin and _is_companion(name, raw):
                kin[raw].append(name)
    return {raw: tuple(dict.fromkeys(found)) for raw, found in kin.items()}


def tails_of(raw_name: str, kin: Iterable[str], outputs: Sequence[OutputName]) -> Tails:
    """Return the tails of one photo's files.

    They are `.NEF`, `.NEF.rrdata`, `.xmp`, `.NEF.xmp` and `.camera.JPG` for its `kin` (see `kin_of`), `.jpg`
    for its first output and `.<recipe>.jpg` for the others. No two are equal, not even to a file system that
    ignores case; each has at most `LONGEST_TAIL_BYTES`.
    """
    taken: set[str] = set()
    beside = {name: _free((_tail_beside(raw_name, name),), taken) for name in kin}
    first = tuple((output.suffix,) for output in outputs[:1])
    plain = [
        _free((*short, f".{output.recipe}{output.suffix}"), taken)
        for short, output in zip((*first, *((),) * len(outputs[1:])), outputs, strict=True)
    ]
    return Tails(beside, tuple(plain))


def _is_companion(name: str, raw: str) -> bool:
    if name == raw + SIDECAR_SUFFIX or name in xmp_names(raw):
        return True
    return stem_of(name) == stem_of(raw) and extension_of(name) in _TWINS and not is_temporary(name)


def _tail_beside(raw_name: str, name: str) -> str:
    extension = _clean_extension(raw_name)
    if name == raw_name:
        return extension
    if name == raw_name + SIDECAR_SUFFIX:
        return extension + SIDECAR_SUFFIX
    if extension_of(name) == XMP_SUFFIX[1:]:
        return extension + XMP_SUFFIX if stem_of(name) == raw_name else XMP_SUFFIX
    return CAMERA_MARK + _clean_extension(name)


def _clean_extension(name: str) -> str:
    extension = clean(name[len(stem_of(name)) + 1 :]).strip() or "raw"
    return "." + fitted(extension, "", limit=_LONGEST_EXTENSION_BYTES)


def _free(wanted: Sequence[str], taken: set[str]) -> str:
    """Return the first tail that no other file of the photo has, and take it."""
    stem, dot, suffix = wanted[-1].rpartition(".")
    longer = (fitted(f"{stem}.{number}", dot + suffix, limit=LONGEST_TAIL_BYTES) for number in count(2))
    tail = next(tail for tail in chain(wanted, longer) if fold(tail) not in taken)
    taken.add(fold(tail))
    return tail
