"""Names of outputs and part files, and ids that are the same on every run.

Names may be any that a file system takes: not UTF-8 (they carry surrogate escapes), with line feeds,
255 bytes long.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from darkroomd.core.model import OutputId, PhotoId, SessionId

LONGEST_NAME_BYTES: Final = 255
"""The longest file name of the file systems we meet."""

MOST_COPIES: Final = 999
"""How many copies of one file are kept aside."""

OUTPUT_SUFFIX: Final = ".jpg"
"""How outputs of the default recipe end."""

_DIGITS: Final = re.compile(r"[0-9]+")
_PART: Final = re.compile(r"\.(?P<output>.+)\.(?P<fence>[0-9]{1,20})\.part", re.DOTALL)


def output_name(name: str, names: Iterable[str]) -> str:
    """Return the name of the output of the RAW file `name` in a session that holds the RAW files `names`.

    No two RAW files of a session ever get the same name, not even on a file system that ignores case or
    Unicode composition, and a name depends on which files there are, never on when they came: the first of a
    stem, by alphabet, is `<stem>.jpg`, each other one `<stem>.<extension>.jpg`, or with a hash where a third
    file has that name. So when a file arrives that comes before a sibling in the alphabet, the sibling's name
    changes, and its output under the old name is outdated.
    """
    return output_names({*names, name})[name]


def output_names(names: Iterable[str]) -> dict[str, str]:
    """Return the name of each RAW file's output; see `output_name`."""
    room = LONGEST_NAME_BYTES - len(OUTPUT_SUFFIX)
    return {name: label + OUTPUT_SUFFIX for name, label in labels(names, room=room).items()}


def labels(names: Iterable[str], *, room: int, numbered: bool = False) -> dict[str, str]:
    """Return for each RAW file of a session what tells its outputs from those of the others.

    That is its stem, or, `numbered`, the last number in it; where files have that in common, all but the
    first by alphabet get more. No two labels are equal, not even to a file system that ignores case or
    composition, and none is longer than `room` bytes.
    """
    plain = frame_number if numbered else stem_of
    groups = _grouped(set(names), plain)
    return {name: _label(name, groups, plain, room) for group in groups.values() for name in group}


def frame_number(name: str) -> str:
    """Return the last run of digits in a file's stem, as cameras number their files; "0" if it has none."""
    found = _DIGITS.findall(stem_of(name))
    return found[-1] if found else "0"


def renamed_by(
    arrived: Collection[str], names: Collection[str], *, numbered: bool = False
) -> tuple[str, ...]:
    """Return, in order, the RAW files whose outputs are called differently since others `arrived`.

    `names` are all RAW files of the session, with those that arrived; `numbered`: see `labels`.
    """
    old = set(names).difference(arrived)
    if not numbered and not _may_bear_on(arrived, old):
        return ()
    before = labels(old, room=LONGEST_NAME_BYTES, numbered=numbered)
    after = labels(names, room=LONGEST_NAME_BYTES, numbered=numbered)
    return tuple(sorted(name for name in old if after[name] != before[name]))


def part_name(output: str, fence: int) -> str:
    """Return the name under which an output is written before it is published.

    A name that would be too long is shortened, with a hash of all of it.
    """
    tail = f".{fence}.part"
    stem, suffix = _split_suffix(output)
    return "." + fitted(stem, suffix + tail, limit=LONGEST_NAME_BYTES - 1)


def parse_part(name: str, *, suffix: str | tuple[str, ...] = OUTPUT_SUFFIX) -> int | None:
    """Return the fence of a part file of ours whose output ends in `suffix`, or one of several; else None."""
    found = _PART.fullmatch(name)
    if found is None or not found["output"].endswith(suffix):
        return None
    return int(found["fence"])


def aside_names(name: str) -> Iterator[str]:
    """Return the names under which a file called `name` may be kept aside, in the order to try them."""
    yield fitted(name, ".bak")
    for number in range(2, MOST_COPIES + 1):
        yield fitted(name, f".bak.{number}")


def fitted(stem: str, suffix: str, *, limit: int = LONGEST_NAME_BYTES) -> str:
    """Return `stem` and `suffix` as a name of at most `limit` bytes; a stem cut for that ends in its hash."""
    room = limit - len(_encoded(suffix))
    encoded = _encoded(stem)
    if len(encoded) <= room:
        return stem + suffix
    mark = f"~{_digest(stem, 16)}"
    # Half a character at the cut is dropped, bytes that never were one are kept.
    cut = encoded[: room - len(mark)]
    while cut and len(encoded) > len(cut) and encoded[len(cut)] & 0xC0 == 0x80:  # noqa: PLR2004 - UTF-8 continuation
        encoded, cut = cut, cut[:-1]
    return cut.decode("utf-8", "surrogateescape") + mark + suffix


def stem_of(name: str) -> str:
    """Return a file name without its extension; a leading dot does not begin one."""
    stem, _, _ = name.rpartition(".")
    return stem or name


def fold(name: str) -> str:
    """Return what names have in common that some file system takes for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def photo_id(session_id: SessionId, name: str) -> PhotoId:
    """Return the id of the photo `name` of a session: the same for ever, 24 hexadecimal digits.

    Those of one session begin alike and so stand together in every index: thousands that come at once
    touch a few of its pages instead of all.
    """
    return PhotoId(_digest(f"session\0{session_id}", 8) + _digest(f"photo\0{session_id}\0{name}", 16))


def output_id(photo: PhotoId, recipe: str) -> OutputId:
    """Return the id of a photo's output by a recipe: the same for ever, 16 hexadecimal digits."""
    return OutputId(_digest(f"output\0{photo}\0{recipe}", 16))


def _grouped(names: Iterable[str], plain: Callable[[str], str]) -> dict[str, list[str]]:
    """Return the names that have a plain label in common, in order, by that label."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names, key=_rank):
        groups.setdefault(fold(plain(name)), []).append(name)
    return groups


def _label(name: str, groups: Mapping[str, Sequence[str]], plain: Callable[[str], str], room: int) -> str:
    group = groups[fold(plain(name))]
    if name == group[0]:
        return fitted(plain(name), "", limit=room)
    twins = [other for other in group if fold(other) == fold(name)]
    lengthened = _with_low_extension(name)
    if plain is frame_number:
        lengthened = f"{plain(name)}-{lengthened}"
    longer = [lengthened] if name == twins[0] else []
    longer += [f"{lengthened}-{_digest(name, digits)}" for digits in (8, 16, 32, 64)]
    fitting = [fitted(label, "", limit=room) for label in longer]
    # The plain label belongs to the file that has it, even if somebody chose it to collide.
    free = (label for label in fitting if fold(label) not in groups)
    return next(free, fitting[-1])


def _may_bear_on(arrived: Iterable[str], names: Collection[str]) -> bool:
    """Tell the usual case, that nothing clashes, without naming thousands of outputs twice."""
    stems = {fold(stem_of(name)) for name in arrived}
    # The stems of second names: a whole name, perhaps with a hash behind it, perhaps shortened.
    second = stems | {stem.rpartition("-")[0] for stem in stems}
    return any("~" in stem for stem in stems) or any(
        fold(stem_of(name)) in stems or fold(name) in second for name in names
    )


def _rank(name: str) -> tuple[str, bytes]:
    return fold(name), _encoded(name)


def _with_low_extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return f"{stem}{dot}{extension.lower()}" if stem else name


def _split_suffix(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    return (stem, dot + extension) if stem else (name, "")


def _digest(text: str, digits: int) -> str:
    return hashlib.sha256(_encoded(text)).hexdigest()[:digits]


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
