from __future__ import annotations

import struct
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.imaging import ciff
from darkroomd.imaging.ciff import CiffFacts

HEADER = struct.pack("<2sI8s", b"II", 26, b"HEAPCCDR").ljust(26, b"\0")


def heap(records: dict[int, bytes]) -> bytes:
    content, entries = b"", b""
    for number, value in records.items():
        entries += struct.pack("<HII", number, len(value), len(content))
        content += value
    return content + struct.pack("<H", len(records)) + entries + struct.pack("<I", len(content))


def crw() -> bytes:
    properties = heap(
        {
            0x080A: b"Canon\0Canon PowerShot S40\0",
            0x180E: struct.pack("<3I", 1_616_793_486, 0, 0),
            0x1818: struct.pack("<3f", -0.5, 6.0, 4.0),
        }
    )
    return HEADER + heap({0x2005: bytes(100), 0x300A: properties})


def test_the_directory_tells_of_the_shot() -> None:
    facts = ciff.read_facts(crw())

    assert facts == CiffFacts(
        make="Canon",
        model="Canon PowerShot S40",
        taken_at=datetime(2021, 3, 26, 21, 18, 6),  # noqa: DTZ001 - cameras have no zone
        exposure_seconds=1 / 64,
        f_number=4.0,
        bias_ev=-0.5,
    )


def test_a_whole_file_is_complete() -> None:
    assert ciff.is_complete(crw())


@given(st.integers(1, len(crw()) - 1))
def test_a_cut_file_is_not(length: int) -> None:
    assert not ciff.is_complete(crw()[:length])


@pytest.mark.parametrize("apex", [float("nan"), float("inf"), 1e30])
def test_exposures_that_make_no_sense_are_not_told(apex: float) -> None:
    blob = HEADER + heap({0x1818: struct.pack("<3f", 0.0, apex, 4.0)})

    assert ciff.read_facts(blob) == CiffFacts()


def test_a_heap_that_contains_itself_ends() -> None:
    blob = bytearray(HEADER + heap({0x300A: bytes(4)}))
    blob[-14 - 0 : -4] = struct.pack("<HII", 0x300A, len(blob) - 26, 0)

    assert ciff.read_facts(bytes(blob)) == CiffFacts()


@given(st.data())
def test_changed_bytes_never_make_the_reader_raise(data: st.DataObject) -> None:
    blob = bytearray(crw())
    for place, value in data.draw(
        st.dictionaries(st.integers(26, len(blob) - 1), st.integers(0, 255))
    ).items():
        blob[place] = value

    assert isinstance(ciff.read_facts(bytes(blob)), CiffFacts)


@pytest.mark.parametrize(
    ("longest", "shortest", "units", "expected"),
    [
        pytest.param(682, 227, 32, (7.09375, 21.3125), id="a-zoom"),
        pytest.param(50, 50, 1, (50.0, 50.0), id="fixed"),
        pytest.param(682, 227, 0, None, id="no-unit"),
        pytest.param(227, 682, 32, None, id="the-wrong-way-round"),
        pytest.param(682, 0, 32, None, id="from-nothing"),
    ],
)
def test_the_camera_settings_tell_of_the_lens(
    longest: int, shortest: int, units: int, expected: tuple[float, float] | None
) -> None:
    settings = bytes(46) + struct.pack("<3H", longest, shortest, units)

    facts = ciff.read_facts(HEADER + heap({0x102D: settings}))

    assert facts.focal_lengths_mm == expected
