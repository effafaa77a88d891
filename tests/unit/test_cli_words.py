from __future__ import annotations

import pytest

import sent
from darkroom.cli import words
from darkroom.protocol.types import File


@pytest.mark.parametrize(
    ("usec", "expected"),
    [
        pytest.param(350_000, "350 ms", id="milliseconds"),
        pytest.param(12_000_000, "12 s", id="seconds"),
        pytest.param(240_000_000, "4 min", id="minutes"),
        pytest.param(9_000_000_000, "2.5 h", id="hours"),
    ],
)
def test_a_duration_reads_in_the_unit_that_fits(usec: int, expected: str) -> None:
    assert words.duration(usec) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        pytest.param(831, "831 B", id="bytes"),
        pytest.param(31_200_000, "31.2 MB", id="a-raw-file"),
        pytest.param(4_000_000_000_000, "4.0 TB", id="a-disk"),
    ],
)
def test_a_size_reads_in_decimal_units(amount: int, expected: str) -> None:
    assert words.size(amount) == expected


@pytest.mark.parametrize(
    "at_usec", [pytest.param(-(2**63), id="earliest"), pytest.param(2**64 - 1, id="latest")]
)
def test_the_time_of_a_camera_with_a_broken_clock_can_be_told(at_usec: int) -> None:
    assert words.moment(at_usec)


def test_a_moment_that_is_not_known_is_empty() -> None:
    assert words.moment(None) == ""


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param(File(path="/a/Raw/IMG.NEF"), "IMG.NEF", id="path"),
        pytest.param(File(uri="file:///a/IMG%FF.NEF"), "IMG%FF.NEF", id="uri-alone"),
        pytest.param(File(), "", id="neither"),
        pytest.param(None, "", id="no-file"),
    ],
)
def test_a_file_is_called_by_the_last_part_of_its_path(given: File | None, name: str) -> None:
    assert words.name_of(given) == name


def test_reasons_are_told_in_words_and_new_ones_as_they_are() -> None:
    assert words.reasons(["disk.full", "moon.full"]) == "no space left on the disk; moon.full"
    assert words.reasons(["sidecar.not_written"]) == "settings cannot be written beside the photos"


def test_a_failure_reads_with_its_code_and_its_sentence() -> None:
    assert words.failure_of(sent.failure()) == "raw.truncated: The file ends early; copy it again."
