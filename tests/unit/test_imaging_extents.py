from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.imaging import tiff
from darkroomd.imaging.extents import Coding, Extent, Rows, sensor_extents
from darkroomd.imaging.gaps import check_written
from darkroomd.imaging.refusals import Refusal
from darkroomd.imaging.tiff import Block, Field
from make import peak_memory

LENGTH = 40_000


def raw_of(*fields: Field, length: int = LENGTH) -> bytes:
    block = Block()
    described = (tiff.long(254, 0), tiff.short(262, 32803), *fields)
    return block.finish(first=block.add(described)).ljust(length, b"\1")


def shape(*, width: int, height: int, bits: int, compression: int) -> tuple[Field, ...]:
    return (
        tiff.long(256, width),
        tiff.long(257, height),
        tiff.short(258, bits),
        tiff.short(259, compression),
    )


def extents_of(blob: bytes, *, raw_height: int = 100) -> list[Extent]:
    return list(sensor_extents(blob, raw_height=raw_height))


def test_the_last_strip_is_shorter() -> None:
    strips = (tiff.long(278, 60), tiff.long(273, 1_000, 13_000), tiff.long(279, 12_000, 8_000))
    blob = raw_of(*shape(width=100, height=100, bits=16, compression=1), *strips)

    rows = [extent.rows for extent in extents_of(blob)]

    assert rows == [
        Rows(length=200, kept_length=200, kept=60, value_bytes=2),
        Rows(length=200, kept_length=200, kept=40, value_bytes=2),
    ]


def test_an_edge_tile_is_padded() -> None:
    tiles = (
        tiff.long(322, 80),
        tiff.long(323, 80),
        tiff.long(324, *[1_000] * 4),
        tiff.long(325, *[6_400] * 4),
    )
    blob = raw_of(*shape(width=100, height=100, bits=8, compression=1), *tiles)

    rows = [extent.rows for extent in extents_of(blob)]

    assert rows == [
        Rows(length=80, kept_length=80, kept=80),
        Rows(length=80, kept_length=20, kept=80),
        Rows(length=80, kept_length=80, kept=20),
        Rows(length=80, kept_length=20, kept=20),
    ]


def test_packed_values_make_rows_of_whole_bytes() -> None:
    strip = (tiff.long(273, 1_000), tiff.long(279, 175 * 100))
    blob = raw_of(*shape(width=100, height=100, bits=14, compression=1), *strip)

    (extent,) = extents_of(blob)

    assert extent.rows == Rows(length=175, kept_length=175, kept=100)


def test_the_decoder_knows_the_rows_where_the_container_tells_another_shape() -> None:
    strip = (tiff.long(273, 1_000), tiff.long(279, 20_000))
    blob = raw_of(*shape(width=128, height=96, bits=8, compression=1), *strip)

    known, unknown = extents_of(blob, raw_height=100), extents_of(blob, raw_height=99)

    assert known[0].rows == Rows(length=200, kept_length=200, kept=100)
    assert unknown[0].rows is None


@pytest.mark.parametrize(
    ("compression", "length", "codings"),
    [
        pytest.param(7, 9_000, [Coding.JPEG], id="jpeg"),
        pytest.param(34713, 9_000, [Coding.OTHER], id="a-makers-own"),
        pytest.param(34713, 20_000, [], id="a-makers-own-with-the-unpacked-length"),
        pytest.param(7, LENGTH, [], id="beyond-the-end"),
    ],
)
def test_the_coding_decides_what_is_known(compression: int, length: int, codings: list[Coding]) -> None:
    strip = (tiff.long(273, 1_000), tiff.long(279, length))
    blob = raw_of(*shape(width=100, height=100, bits=16, compression=compression), *strip)

    assert [extent.coding for extent in extents_of(blob)] == codings


def test_bytes_that_are_named_again_and_again_are_not_looked_at_again_and_again() -> None:
    strips = (tiff.long(273, *[1_000] * 500), tiff.long(279, *[15_000] * 500))
    blob = raw_of(*shape(width=100, height=100, bits=16, compression=7), *strips)

    assert len(extents_of(blob)) == 2


def test_a_place_before_the_beginning_is_left_out() -> None:
    before = Field(273, 9, 1, struct.pack("<i", -500))
    blob = raw_of(*shape(width=100, height=100, bits=16, compression=7), before, tiff.long(279, 600))

    assert extents_of(blob) == []


def test_bytes_that_are_no_raw_have_no_extents() -> None:
    assert extents_of(b"HELLO") == []


@given(
    st.lists(st.integers(0, 300), min_size=4, max_size=4),
    st.sampled_from([1, 7, 34713]),
    st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 4_000)), min_size=1, max_size=5),
    st.integers(0, 3),
    st.sampled_from([8, 12, 16]),
)
def test_no_shape_makes_the_search_raise(
    sizes: list[int], compression: int, places: list[tuple[int, int]], samples: int, bits: int
) -> None:
    width, height, tile_width, tile_height = sizes
    starts, lengths = zip(*places, strict=True)
    tiles = (tiff.long(322, tile_width), tiff.long(323, tile_height))
    cells = (tiff.short(277, samples), tiff.long(324, *starts), tiff.long(325, *lengths))
    described = shape(width=width, height=height, bits=bits, compression=compression)
    blob = raw_of(*described, *tiles, *cells, length=3_000) + bytes(1_000)

    with suppress(Refusal):
        check_written(blob, sensor_extents(blob, raw_height=7), black=512)


def test_a_picture_in_no_end_of_places_is_not_followed_for_ever() -> None:
    places = range(1_000, 71_000)
    cfa, strips = tiff.short(262, 32803), (tiff.long(273, *places), tiff.long(279, *(1 for _ in places)))
    block = Block()
    again = block.add((tiff.long(254, 0), cfa, tiff.short(259, 34892), *strips))
    first = block.add((tiff.long(tiff.SUB_FOLDERS, again), cfa, tiff.short(259, 34892), *strips))

    found = extents_of(block.finish(first=first))

    assert len(found) == 100_000


def test_a_shape_that_is_told_a_million_times_is_read_once() -> None:
    widths = Field(256, tiff.LONG, 1 << 18, b"\1\1\0\0" * (1 << 18))
    strip = (tiff.short(259, 1), tiff.long(273, 8), tiff.long(279, 9))
    blob = raw_of(widths, tiff.long(257, 9), tiff.short(258, 16), *strip)

    with peak_memory() as peak:
        extents_of(blob)

    assert peak.size_bytes < 200_000
