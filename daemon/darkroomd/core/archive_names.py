"""Names in an archive: by the second of the shot, or after the RAW file, and right on every file system.

An archive is copied on to whatever is at hand in ten years. So its names keep the letters of all scripts and
lose what one system or another cannot hold, shows in another order, or takes for something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from darkroomd.core.naming import LONGEST_NAME_BYTES, fitted, fold, stem_of

UNKNOWN_FOLDER: Final = "unknown"
"""The folder of photos whose time nobody knows."""

MOST_NUMBERS: Final = 999
"""How many photos beside the first may have one name; they are numbered from 1."""

LONGEST_TAIL_BYTES: Final = 80
"""What may stand behind a stem: `.<recipe>.webp`, with a recipe's name of 64 letters, fits."""

LONGEST_STEM_BYTES: Final = LONGEST_NAME_BYTES - LONGEST_TAIL_BYTES - len("_999")
"""Of a stem without number. Bytes of UTF-8 are never fewer than the units that NTFS and exFAT count."""

UNNAMED: Final = "unnamed"
"""The stem of a RAW file in whose name nothing can be kept."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = 253_402_300_800
"""The first second of the year 10000."""

# A table and not the categories of `unicodedata`: with another Unicode version names would be others.
_INVISIBLE: Final = re.compile(
    # Marks that turn the direction of what is shown, and characters that show nothing. The joiners of words
    # (U+200C, U+200D) are spelling in Persian and in the scripts of India.
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_UNFIT: Final = re.compile(
    # Control characters, ends of lines, what Windows and FAT refuse, halves of characters (bytes that are no
    # UTF-8 among them), and code points that are no characters. A dot would end the stem.
    r"""[\x00-\x1f\x7f-\x9f\u2028\u2029/\\:*?"<>|.\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"""
)
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"(?P<base>.+)_(?P<number>[0-9]{3})", re.DOTALL)


def has_time(taken_usec: int | None) -> bool:
    """Whether a time of capture names a file; the years 1970 to 9999 do."""
    return taken_usec is not None and 0 <= taken_usec < _END * 1_000_000


def folder_and_base(taken_usec: int | None, raw_name: str) -> tuple[str, str]:
    """Return the folder in the archive that a photo belongs into, and its stem without number.

    `taken_usec` is the photo's own wall clock, read as if it were UTC.
    """
    if taken_usec is None or not has_time(taken_usec):
        return UNKNOWN_FOLDER, clean_stem(raw_name)
    taken = _EPOCH + timedelta(microseconds=taken_usec)
    return f"{taken:%Y}", f"{taken:%Y%m%d_%H%M%S}"


def clean_stem(name: str) -> str:
    """Return a file's stem as it can be written everywhere; the same again for what it returned.

    It has no dot, so that the stem of a file in an archive is what stands before the first one.
    """
    cleaned = clean(stem_of(name)).strip()
    if cleaned.startswith("-"):
        # Programs would take it for an option.
        cleaned = "_" + cleaned[1:]
    if _RESERVED.fullmatch(cleaned):
        cleaned = "_" + cleaned
    return fitted(cleaned or UNNAMED, "", limit=LONGEST_STEM_BYTES)


def clean(text: str) -> str:
    """Return a text without what cannot be seen, and `_` for what no file name should hold, or a dot."""
    return _UNFIT.sub("_", unicodedata.normalize("NFC", _INVISIBLE.sub("", text)))


def numbered(base: str) -> Iterator[str]:
    """Return the stems that photos of one name get, in order: `base`, `base_001` … `base_999`."""
    yield base
    for number in range(1, MOST_NUMBERS + 1):
        yield f"{base}_{number:03}"


def stem_of_archived(name: str) -> str:
    """Return the stem that a file in an archive has, folded: what stands before its first dot."""
    return fold(name.partition(".")[0])


def bases_of(stem: str) -> Iterable[str]:
    """Return the stems without number that a folded stem may have come from."""
    found = _NUMBERED.fullmatch(stem)
    return (stem,) if found is None or found["number"] == "000" else (stem, found["base"])
