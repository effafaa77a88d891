from __future__ import annotations

import struct

import pytest

from darkroomd.imaging.extents import Coding, Extent
from darkroomd.imaging.jpeg_headers import check_headers
from darkroomd.imaging.refusals import Refusal

START, NOISE = b"\xff\xd8", bytes(range(1, 250))


def segment(kind: int, content: bytes) -> bytes:
    return bytes((0xFF, kind)) + (len(content) + 2).to_bytes(2) + content


FRAME = bytes((14, 0, 64, 0, 96, 2, 0, 17, 0, 1, 17, 0))
TABLE = segment(0xC4, bytes(20))
SCAN = segment(0xDA, bytes(6)) + NOISE
LOSSLESS = START + TABLE + segment(0xC3, FRAME) + SCAN
DNG_VERSION, CAMERA = 50706, 271


def container(tag: int) -> bytes:
    """Return the beginning of a TIFF with this tag alone."""
    return b"II*\0" + struct.pack("<IHHHI4BI", 8, 1, tag, 1, 4, 1, 4, 0, 0, 0)


def check(jpeg: bytes, coding: Coding = Coding.JPEG, *, tag: int = DNG_VERSION) -> None:
    # What stands before and behind it is no part of it.
    before = container(tag)
    extent = Extent(start=len(before), length=len(jpeg), coding=coding)
    check_headers(before + jpeg + LOSSLESS, [extent])


@pytest.mark.parametrize(
    "jpeg",
    [
        pytest.param(LOSSLESS, id="table-first"),
        pytest.param(START + segment(0xC3, FRAME) + TABLE + SCAN, id="frame-first"),
        pytest.param(START + b"\xff\xff" + LOSSLESS[2:], id="fill-bytes"),
        pytest.param(START + segment(0xE0, bytes(70)) + segment(0xC2, FRAME) + SCAN, id="lossy-progressive"),
    ],
)
def test_what_begins_as_a_jpeg_is_let_through(jpeg: bytes) -> None:
    check(jpeg)


@pytest.mark.parametrize(
    "jpeg",
    [
        pytest.param(NOISE, id="noise"),
        pytest.param(START, id="nothing-more"),
        pytest.param(LOSSLESS[: LOSSLESS.index(SCAN)], id="no-scan"),
        pytest.param(START + TABLE + SCAN, id="no-frame"),
        pytest.param(START + segment(0xC3, FRAME) + SCAN, id="no-table"),
        pytest.param(START + TABLE + segment(0xC3, bytes(12)) + SCAN, id="no-area"),
        pytest.param(START + TABLE + segment(0xC3, FRAME[:3]), id="half-a-frame"),
        pytest.param(START + b"\x11" * 300, id="no-marker"),
        pytest.param(START + segment(0xE0, b"") * 1_000, id="nothing-but-segments"),
    ],
)
def test_what_no_decoder_would_begin_with_is_damage(jpeg: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        check(jpeg)

    assert refusal.value.failure.code == "raw.damaged"


def test_other_codings_have_no_such_header() -> None:
    check(NOISE, Coding.PLAIN)
    check(NOISE, Coding.OTHER)


def test_makers_may_mean_other_things_by_the_same_number() -> None:
    check(NOISE, tag=CAMERA)
