"""Was the sensor's data written? Runs of zero bytes stand where a file was reserved and not filled.

Decoders make a picture even of zeros. But no coding spends thousands of zero bytes on what a sensor
gives, with two exceptions that are pictures: values that are clipped to zero, and a Huffman coding
whose code of zero bits means "as before", which clipped areas of either end can make the shortest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging import refusals
from darkroomd.imaging.extents import Coding, Extent, Rows

HOLE_BYTES: Final = 1_024
"""Of zeros within the data, or values of plain data. A block of a disk has four times as many bytes."""

OPAQUE_HOLE_BYTES: Final = 4_096
"""The same where the coding is the maker's own."""

OPAQUE_HEAD_BYTES: Final = 512
"""Of zeros where the data of such a coding begins; less may be a masked edge."""

JPEG_TAIL_BYTES: Final = 16
"""Of zeros where a JPEG's end marker should be."""

PLAIN_TAIL_VALUES: Final = 64
"""Of zeros at the end of plain data."""

OPAQUE_TAIL_SHARE: Final = 0.01
"""Of a block in a maker's own coding; such blocks are filled up to a round length."""

EMPTY_ROWS_SHARE: Final = 0.01
"""Of all rows. Some sensors have a few rows at their edge that are never read out."""

WRITTEN_SHARE: Final = 0.5
"""So many values beside a gap must be other than zero to tell it from a clipped area."""

_WIDEST: Final = 65_536
"""So many values are looked at beside a gap: no sensor's row is longer, only that of a forged file."""

_BESIDE: Final = 16
"""Fewer values beside a gap tell nothing."""

_START, _END = b"\xff\xd8", b"\xff\xd9"
_MARKER, _HUFFMAN_TABLES, _START_OF_SCAN = 0xFF, 0xC4, 0xDA
_CODE_LENGTHS: Final = 16
_SEGMENT_LIMIT: Final = 200


def check_written(blob: bytes, extents: Iterable[Extent], *, black: int) -> None:
    """Refuse a file in which a part of the sensor's data is zeros that its coding cannot give.

    Linear in time; needs memory for some copies of the largest plain extent that has zeros.

    Args:
        blob: the whole file.
        extents: where the sensor's data lie.
        black: value of no light; where it is 0, plain zeros may be a clipped picture.
    """
    rows, empty = 0, 0
    for extent in extents:
        findings = _findings(blob, extent, black=black)
        if findings.gap is not None:
            raise refusals.truncated(findings.gap, at=extent.start, length=extent.length)
        rows += extent.rows.kept if extent.rows is not None else 0
        empty += findings.empty_rows
    if black > 0 and empty > max(1, rows * EMPTY_ROWS_SHARE):
        raise refusals.truncated("rows are zero, which is below black", rows=rows, empty=empty)


@dataclass(frozen=True, slots=True)
class _Findings:
    """What is wrong with an extent, and how many of its rows are zero from end to end."""

    gap: str | None = None
    empty_rows: int = 0


def _findings(blob: bytes, extent: Extent, *, black: int) -> _Findings:
    match extent.coding:
        case Coding.JPEG:
            return _Findings(_jpeg_gap(blob[extent.start : extent.start + extent.length]))
        case Coding.OTHER:
            return _Findings(_opaque_gap(blob, extent))
        case Coding.PLAIN:
            return _plain_findings(blob, extent, black=black)


def _jpeg_gap(jpeg: bytes) -> str | None:
    if jpeg.startswith(bytes(JPEG_TAIL_BYTES)):
        return "a strip or tile begins with zeros"
    written = jpeg.rstrip(b"\0")
    if len(jpeg) - len(written) >= JPEG_TAIL_BYTES and not written.endswith(_END):
        return "a strip or tile ends in zeros"
    if bytes(HOLE_BYTES) in written and not _zeros_are_flat(written):
        return "there are zeros within a strip or tile"
    return None


def _zeros_are_flat(jpeg: bytes) -> bool:
    """Tell whether every Huffman table spends its code of zeros on "no difference".

    Codes are numbered from zero on (ITU-T T.81, C.2), so it belongs to a table's first symbol.
    """
    symbols = list(_first_symbols(jpeg))
    return bool(symbols) and not any(symbols)


def _first_symbols(jpeg: bytes) -> Iterator[int]:
    at = len(_START)
    for _ in range(_SEGMENT_LIMIT):
        if at + 4 > len(jpeg) or jpeg[at] != _MARKER or jpeg[at + 1] == _START_OF_SCAN:
            return
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        table = at + 4
        while jpeg[at + 1] == _HUFFMAN_TABLES and table + 1 + _CODE_LENGTHS < min(end, len(jpeg)):
            yield jpeg[table + 1 + _CODE_LENGTHS]
            table += 1 + _CODE_LENGTHS + sum(jpeg[table + 1 : table + 1 + _CODE_LENGTHS])
        at = end


def _opaque_gap(blob: bytes, extent: Extent) -> str | None:
    content = blob[extent.start : extent.start + extent.length]
    written = content.rstrip(b"\0")
    if len(content) - len(written) > len(content) * OPAQUE_TAIL_SHARE:
        return "the data ends in zeros"
    if extent.gapless and content.startswith(bytes(OPAQUE_HEAD_BYTES)):
        return "the data begins with zeros"
    if extent.gapless and bytes(OPAQUE_HOLE_BYTES) in written:
        return "there are zeros within the data"
    return None


def _plain_findings(blob: bytes, extent: Extent, *, black: int) -> _Findings:
    end = extent.start + extent.length
    if extent.rows is None or blob.find(bytes(PLAIN_TAIL_VALUES), extent.start, end) < 0:
        return _Findings()
    zero = _zeros(blob, extent.start, extent.rows)
    # Columns that are zero from top to bottom lie at the sensor's edge; without them a row is all picture.
    zero = zero[:, ~zero.all(axis=0)]
    if not zero.size:
        return _Findings(empty_rows=extent.rows.kept)
    marks = _Marks(zero.tobytes(), zero.shape[1])
    torn = any(marks.is_torn(*run, black=black) for run in marks.runs())
    empty_rows = int(zero.all(axis=1).sum())
    return _Findings("there are zeros among the values" if torn else None, empty_rows)


def _zeros(blob: bytes, start: int, rows: Rows) -> NDArray[np.bool_]:
    """Return where the values of the picture are zero: (rows, values of a row)."""
    kind = np.uint16 if rows.value_bytes > 1 else np.uint8
    across = rows.length // rows.value_bytes
    values = np.frombuffer(blob, kind, count=across * rows.kept, offset=start).reshape(rows.kept, across)
    return np.asarray(values[:, : rows.kept_length // rows.value_bytes] == 0, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class _Marks:
    """A byte for each value, 1 where it is zero, and how many values make a row."""

    marks: bytes
    width: int

    def runs(self) -> Iterator[tuple[int, int]]:
        """Yield begin and end of the long runs of zeros, and of a shorter one at the very end."""
        end = 0
        while (start := self.marks.find(b"\1" * HOLE_BYTES, end)) >= 0:
            end = self.marks.find(b"\0", start)
            end = len(self.marks) if end < 0 else end
            yield start, end
        tail = len(self.marks.rstrip(b"\1"))
        if end < tail <= len(self.marks) - PLAIN_TAIL_VALUES:
            yield tail, len(self.marks)

    def is_torn(self, start: int, end: int, *, black: int) -> bool:
        """Tell whether the run breaks off what is written around it, as nothing in a scene does.

        What was not written begins and ends anywhere in a row. A clipped area of such a shape would
        have an edge that is sharp to one pixel and level to one row.
        """
        span, whole = min(end - start, self.width), len(self.marks)
        above = self._is_written(start - self.width, start - self.width + span)
        below = self._is_written(end + self.width - span, end + self.width)
        begins = above and self._is_written(max(start - start % self.width, start - _WIDEST), start)
        ends = below and self._is_written(end, end + min(-end % self.width, _WIDEST))
        if black > 0:
            return begins or ends or (above and below)
        return (begins and (ends or end == whole)) or (ends and start == 0)

    def _is_written(self, start: int, end: int) -> bool:
        start, end = max(start, 0), min(end, len(self.marks))
        length = end - start
        return length >= _BESIDE and self.marks.count(b"\0", start, end) >= length * WRITTEN_SHARE
