from __future__ import annotations

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.imaging import tiff
from darkroomd.imaging.tiff import Block, Entry, Field
from make import peak_memory

TAG = 700


def written(*fields: Field) -> bytes:
    block = Block()
    return block.finish(first=block.add(fields))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(tiff.short(TAG, 7), id="fits-into-the-entry"),
        pytest.param(tiff.long(TAG, 1, 2, 3), id="stands-behind-the-folder"),
        pytest.param(tiff.text(TAG, "Zoë"), id="text"),
        pytest.param(tiff.raw_bytes(TAG, b"\0\1\2"), id="odd-length"),
    ],
)
def test_what_is_written_is_read_again(value: Field) -> None:
    block = written(value, tiff.short(1, 2))

    entry = tiff.main_folder(block)[TAG]

    assert (entry.kind, entry.count, entry.payload) == (value.kind, value.count, value.payload)


@given(st.fractions(min_value=0, max_value=4_000_000_000))
def test_a_fraction_survives_to_a_millionth_of_itself_or_of_one(number: Fraction) -> None:
    block = written(tiff.rational(TAG, number))

    (read,) = tiff.main_folder(block)[TAG].fractions(most=1)

    assert abs(read - number) <= max(Fraction(1, 1_000_000), number / 1_000_000_000)


@given(st.fractions(min_value=-2_000_000_000, max_value=2_000_000_000))
def test_a_signed_fraction_keeps_its_sign(number: Fraction) -> None:
    block = written(tiff.signed_rational(TAG, number))

    (read,) = tiff.main_folder(block)[TAG].fractions(most=1)

    assert abs(read - number) <= max(Fraction(1, 1_000_000), abs(number) / 1_000_000_000)


def test_a_folder_that_points_to_itself_is_read_once() -> None:
    block = Block()
    place = block.add([tiff.long(tiff.SUB_FOLDERS, tiff.HEADER_BYTES, tiff.HEADER_BYTES)])

    found = list(tiff.folders(block.finish(first=place)))

    assert len(found) == 1


def test_a_value_beyond_the_end_costs_only_itself() -> None:
    block = written(tiff.short(1, 2), tiff.long(TAG, *range(50)))

    folder = tiff.main_folder(block[:-4])

    assert set(folder) == {1}


def test_many_tags_that_name_the_same_bytes_cost_them_once() -> None:
    entry = struct.pack("<HII", tiff.BYTE, 1 << 20, tiff.HEADER_BYTES)
    entries = b"".join(struct.pack("<H", tag) + entry for tag in range(900))
    folder = struct.pack("<H", 900) + entries + bytes(4)
    block = struct.pack("<2sHI", b"II", 42, tiff.HEADER_BYTES + (1 << 20)) + bytes(1 << 20) + folder

    with peak_memory() as peak:
        read = tiff.main_folder(block)

    assert len(read) == 900
    assert peak.size_bytes < 1_000_000


def test_what_follows_a_division_by_zero_is_no_value() -> None:
    entry = Entry(tiff.RATIONAL, 3, struct.pack("<6I", 48, 1, 0, 0, 30, 1), "<")

    assert entry.fractions(most=3) == (48,)


def test_a_division_by_zero_is_no_value() -> None:
    entry = Entry(tiff.RATIONAL, 1, b"\1\0\0\0\0\0\0\0", "<")

    assert entry.fractions(most=9) == ()


def test_text_that_is_not_utf8_is_latin1() -> None:
    entry = Entry(tiff.ASCII, 5, b"Zo\xeb\0x", "<")

    assert entry.text() == "Zoë"


@given(st.binary(max_size=300), st.sampled_from([b"II*\0", b"MM\0*", b"IIU\0", b"IIRO", b""]))
def test_no_bytes_make_the_reader_raise(content: bytes, magic: bytes) -> None:
    for folder in tiff.folders(magic + content):
        for entry in folder.values():
            entry.integers()
            entry.fractions(most=9)
            entry.text()


@given(st.data())
def test_a_block_with_changed_bytes_never_makes_the_reader_raise(data: st.DataObject) -> None:
    block = bytearray(written(tiff.long(tiff.SUB_FOLDERS, 8), tiff.text(TAG, "abcdefgh"), tiff.short(1, 1)))
    for place, value in data.draw(
        st.dictionaries(st.integers(0, len(block) - 1), st.integers(0, 255))
    ).items():
        block[place] = value

    for folder in tiff.folders(bytes(block)):
        assert all(entry.text() is not None for entry in folder.values())
