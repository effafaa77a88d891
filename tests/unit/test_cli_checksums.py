from __future__ import annotations

import io

import pytest

from darkroom.cli.archived import Finding, Sum, Verdict
from darkroom.cli.checksums import Listed, WrongLine, listed
from darkroom.cli.verifying import Tally, finding_line, reading, verified
from darkroom.protocol.types import File

DIGEST = "ab" * 32
OUT = WrongLine("its path leads out of the archive")
NO_LINE = WrongLine("it is no checksum and path")


def said_in(data: bytes) -> list[Listed | WrongLine]:
    return [said for _, said in listed(io.BytesIO(data))]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param(b"  2024/a.NEF", Listed("2024/a.NEF", DIGEST), id="text"),
        pytest.param(b" *2024/a.NEF", Listed("2024/a.NEF", DIGEST), id="binary"),
        pytest.param(b"  2024/a b  c.NEF", Listed("2024/a b  c.NEF", DIGEST), id="spaces"),
        pytest.param(b"  a\\nb", Listed("a\\nb", DIGEST), id="backslash-as-it-is"),
        pytest.param(b"  a\xff", Listed("a\udcff", DIGEST), id="no-utf-8"),
        pytest.param(b"  a..b/..c", Listed("a..b/..c", DIGEST), id="dots-in-names"),
        pytest.param(b"  /etc/passwd", OUT, id="absolute"),
        pytest.param(b"  //etc/passwd", OUT, id="absolute-in-another-way"),
        pytest.param(b"  ../a", OUT, id="up"),
        pytest.param(b"  2024/../../a", OUT, id="up-further-on"),
        pytest.param(b"  2024/..", OUT, id="up-at-the-end"),
        pytest.param(b"  .", OUT, id="the-folder-itself"),
        pytest.param(b"  a\0b", NO_LINE, id="nul"),
        pytest.param(b"  ", NO_LINE, id="no-path"),
        pytest.param(b" a.NEF", NO_LINE, id="one-space"),
        pytest.param(b"", NO_LINE, id="no-more"),
        pytest.param(b"  a\r", Listed("a", DIGEST), id="other-systems-end"),
    ],
)
def test_a_line_names_a_file_within_the_archive_or_nothing(line: bytes, said: object) -> None:
    assert said_in(DIGEST.encode() + line + b"\n") == [said]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param(rb"a\nb\\c\rd", Listed("a\nb\\c\rd", DIGEST), id="all"),
        pytest.param(rb"a\\nb", Listed("a\\nb", DIGEST), id="backslash-before-n"),
        pytest.param(rb"a\tb", WrongLine("its path is escaped in a way that means nothing"), id="unknown"),
        pytest.param(b"a\\", WrongLine("its path is escaped in a way that means nothing"), id="unfinished"),
        pytest.param(rb"..\\a", Listed("..\\a", DIGEST), id="other-systems-up"),
    ],
)
def test_what_is_escaped_means_what_coreutils_mean(path: bytes, said: object) -> None:
    assert said_in(b"\\" + DIGEST.encode() + b"  " + path + b"\n") == [said]


@pytest.mark.parametrize(
    "digest",
    [
        pytest.param("ab" * 31, id="short"),
        pytest.param("ab" * 33, id="long"),
        pytest.param("zz" * 32, id="no-digits"),
    ],
)
def test_what_is_no_checksum_is_told(digest: str) -> None:
    assert said_in(f"{digest}  a\n".encode()) == [NO_LINE]


def test_a_checksum_in_capitals_is_the_same() -> None:
    assert said_in(f"{DIGEST.upper()}  a".encode()) == [Listed("a", DIGEST)]


def test_lines_are_numbered_and_empty_ones_say_nothing() -> None:
    line = f"{DIGEST}  a\n".encode()

    assert [number for number, _ in listed(io.BytesIO(line + b"\n \r\n" + line))] == [1, 4]


def test_a_line_without_end_is_one_wrong_line_and_those_behind_it_count() -> None:
    endless = b"x" * 100_000
    good = DIGEST.encode() + b"  a"

    said = said_in(b"\n".join((good, endless, good)) + b"\n")

    assert said == [Listed("a", DIGEST), WrongLine("it is longer than any path"), Listed("a", DIGEST)]


@pytest.mark.parametrize(
    ("tally", "lines"),
    [
        pytest.param(
            Tally(files=1, bytes_read=31_200_000), ["All is as it was archived: 1 file, 31.2 MB."], id="well"
        ),
        pytest.param(
            Tally(files=9, bytes_read=4000, missing=1, changed=2, unreadable=3),
            ["9 files, 4.0 kB read: 1 missing, 2 changed, 3 unreadable."],
            id="files",
        ),
        pytest.param(
            Tally(files=9, bytes_read=0, wrong_lines=2, empty_manifests=1),
            [
                "9 files, 0 B read: all as they were archived.",
                "Lines that name no file of the archive: 2.",
                "SHA256SUMS files that name nothing at all: 1.",
            ],
            id="lists",
        ),
    ],
)
def test_what_was_found_is_told_in_sentences(tally: Tally, lines: list[str]) -> None:
    assert verified(tally) == lines


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        pytest.param(
            Finding(
                verdict=Verdict.UNREADABLE,
                manifest="SHA256SUMS.s1",
                line=1,
                file=File(path="/a/b\n"),
                why="it is a link",
            ),
            "unreadable  /a/b\\n  it is a link",
            id="file",
        ),
        pytest.param(
            Finding(verdict=Verdict.WRONG_LINE, manifest="SHA256SUMS.s1", line=3, why="it is no checksum"),
            "wrong line  SHA256SUMS.s1, line 3  it is no checksum",
            id="line",
        ),
    ],
)
def test_what_is_not_right_is_told_in_a_line(finding: Finding, line: str) -> None:
    assert finding_line(finding) == line


@pytest.mark.parametrize(
    ("done", "seconds", "line"),
    [
        pytest.param(Sum(0, 0), 0.1, "[--------------------] 0 of 4 files", id="begun"),
        pytest.param(
            Sum(1, 100_000_000),
            2.0,
            "[#####---------------] 1 of 4 files, 50.0 MB/s, about 6 s left",
            id="in-the-middle",
        ),
        pytest.param(
            Sum(4, 500_000_000),
            10.0,
            "[####################] 4 of 4 files, 50.0 MB/s, less than 1 s left",
            id="more-than-expected",
        ),
    ],
)
def test_it_is_told_how_far_the_reading_is(done: Sum, seconds: float, line: str) -> None:
    assert reading(done, of=Sum(4, 400_000_000), seconds=seconds) == line
