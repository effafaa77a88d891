from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from darkroomd.core.freshness import (
    AGED,
    Altered,
    Cause,
    FileStat,
    Hashes,
    NeedsHash,
    Outdated,
    UpToDate,
    Wanted,
    assess,
    is_remnant,
    is_same_file,
    may_be_remnant,
)
from darkroomd.core.model import Fingerprint, Inputs, Output, OutputId, PhotoId

RAW = Fingerprint(device=1, inode=2, size_bytes=1000, mtime_ns=3, ctime_ns=4)
OUTPUT = FileStat(size_bytes=50, mtime_ns=60)
RECORD = Output(
    id=OutputId("o"),
    photo_id=PhotoId("p"),
    recipe="jpg",
    path=Path("/s/Jpg/a.jpg"),
    media_type="image/jpeg",
    size_bytes=50,
    mtime_ns=60,
    sha256="jpeg",
    inputs=Inputs(raw=RAW, raw_sha256="raw", look="look", recipe="recipe", pipeline="pipeline"),
    created_at_usec=0,
)
WANTED = Wanted(path=Path("/s/Jpg/a.jpg"), look="look", recipe="recipe", pipeline="pipeline")
COPIED = replace(RAW, inode=9, ctime_ns=99)
TOUCHED = replace(RAW, mtime_ns=98, ctime_ns=99)
RESIZED = replace(RAW, size_bytes=1001, ctime_ns=99)
REWRITTEN = FileStat(50, 61)


@pytest.mark.parametrize(
    ("raw", "output", "hashes", "expected"),
    [
        pytest.param(RAW, OUTPUT, Hashes(), UpToDate(), id="nothing-changed"),
        pytest.param(replace(RAW, device=7), OUTPUT, Hashes(), UpToDate(), id="mounted-again"),
        pytest.param(COPIED, OUTPUT, Hashes(), NeedsHash(raw=True, output=False), id="copied"),
        pytest.param(TOUCHED, OUTPUT, Hashes(), NeedsHash(raw=True, output=False), id="touched"),
        pytest.param(COPIED, OUTPUT, Hashes(raw="raw"), UpToDate(), id="copied-same-content"),
        pytest.param(COPIED, OUTPUT, Hashes(raw="x"), Outdated(Cause.RAW_CHANGED), id="other-content"),
        pytest.param(COPIED, OUTPUT, Hashes(raw=""), Outdated(Cause.RAW_CHANGED), id="gone-while-read"),
        pytest.param(RESIZED, OUTPUT, Hashes(), Outdated(Cause.RAW_CHANGED), id="other-size"),
        pytest.param(RAW, None, Hashes(), Outdated(Cause.OUTPUT_MISSING), id="output-deleted"),
        pytest.param(RAW, REWRITTEN, Hashes(), NeedsHash(raw=False, output=True), id="output-touched"),
        pytest.param(RAW, REWRITTEN, Hashes(output="jpeg"), UpToDate(), id="output-copied"),
        pytest.param(RAW, REWRITTEN, Hashes(output="x"), Altered(), id="output-edited"),
        pytest.param(RAW, FileStat(51, 61), Hashes(), Altered(), id="output-replaced"),
        pytest.param(COPIED, REWRITTEN, Hashes(), NeedsHash(raw=True, output=True), id="session-copied"),
        pytest.param(
            COPIED, FileStat(51, 61), Hashes(), NeedsHash(raw=True, output=False), id="copied-and-edited"
        ),
        pytest.param(
            COPIED, FileStat(51, 61), Hashes(raw="x"), Outdated(Cause.RAW_CHANGED), id="new-raw-beats-an-edit"
        ),
    ],
)
def test_an_output_is_up_to_date_if_it_would_be_written_again(
    raw: Fingerprint, output: FileStat | None, hashes: Hashes, expected: object
) -> None:
    assert assess(RECORD, WANTED, raw=raw, output=output, hashes=hashes) == expected


@pytest.mark.parametrize(
    ("wanted", "cause"),
    [
        pytest.param(replace(WANTED, look="x"), Cause.LOOK_CHANGED, id="look"),
        pytest.param(replace(WANTED, recipe="x"), Cause.RECIPE_CHANGED, id="recipe"),
        pytest.param(replace(WANTED, pipeline="x"), Cause.PIPELINE_CHANGED, id="pipeline"),
        pytest.param(replace(WANTED, path=Path("/s/Jpg/a.dng.jpg")), Cause.OUTPUT_RENAMED, id="name"),
    ],
)
def test_an_output_is_outdated_when_another_one_is_wanted(wanted: Wanted, cause: Cause) -> None:
    assert assess(RECORD, wanted, raw=RAW, output=OUTPUT) == Outdated(cause)


@pytest.mark.parametrize(
    ("wanted", "raw", "output", "expected"),
    [
        pytest.param(WANTED, RESIZED, OUTPUT, Outdated(Cause.RAW_CHANGED), id="another-raw"),
        pytest.param(WANTED, RAW, None, Outdated(Cause.OUTPUT_MISSING), id="no-output"),
        pytest.param(WANTED, RAW, FileStat(51, 61), Altered(), id="an-edited-output"),
        pytest.param(replace(WANTED, look="x"), RAW, OUTPUT, Outdated(Cause.LOOK_CHANGED), id="another-look"),
        pytest.param(WANTED, COPIED, OUTPUT, NeedsHash(raw=True, output=False), id="a-copied-raw"),
        pytest.param(WANTED, RAW, OUTPUT, AGED, id="nothing"),
    ],
)
def test_another_pipeline_is_the_cause_only_where_nothing_else_is(
    wanted: Wanted, raw: Fingerprint, output: FileStat | None, expected: object
) -> None:
    upgraded = replace(wanted, pipeline="newer")

    assert assess(RECORD, upgraded, raw=raw, output=output) == expected


LATER = 60_000_000_000
MOMENTS_LATER = 1_000_000_000


@pytest.mark.parametrize(
    ("output", "hashes", "expected"),
    [
        pytest.param(FileStat(50, 60, 0), Hashes(), UpToDate(), id="as-it-was"),
        pytest.param(FileStat(50, 60), Hashes(), UpToDate(), id="no-telling-since-when"),
        pytest.param(FileStat(50, 60, MOMENTS_LATER), Hashes(), UpToDate(), id="while-it-was-put-there"),
        pytest.param(FileStat(50, 60, LATER), Hashes(), NeedsHash(raw=False, output=True), id="later"),
        pytest.param(FileStat(50, 60, LATER), Hashes(output="jpeg"), UpToDate(), id="linked-or-copied"),
        pytest.param(FileStat(50, 60, LATER), Hashes(output="x"), Altered(), id="edited-and-set-back"),
    ],
)
def test_looked_at_closely_an_output_is_what_it_was_if_nothing_happened_to_it_since(
    output: FileStat, hashes: Hashes, expected: object
) -> None:
    assert assess(RECORD, WANTED, raw=RAW, output=output, hashes=hashes, closely=True) == expected
    assert assess(RECORD, WANTED, raw=RAW, output=output, hashes=hashes) == UpToDate()


def test_a_photo_without_a_record_was_never_developed() -> None:
    assert assess(None, WANTED, raw=RAW, output=OUTPUT) == Outdated(Cause.NEVER_DEVELOPED)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(RAW, True, id="unchanged"),
        pytest.param(replace(RAW, device=5), True, id="the-disk-has-another-number"),
        pytest.param(replace(RAW, ctime_ns=5), False, id="times-were-reset"),
        pytest.param(replace(RAW, inode=5), False, id="another-file"),
    ],
)
def test_a_file_is_the_same_if_nothing_can_have_happened_to_it(now: Fingerprint, *, expected: bool) -> None:
    assert is_same_file(RAW, now) is expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        pytest.param(b"\xff\xd8", b"\xff\xd9", False, id="a-smaller-picture"),
        pytest.param(b"\xff\xd8", b"\x00\x00", True, id="cut-off"),
        pytest.param(b"\x00\x00", b"\xff\xd9", True, id="headless"),
        pytest.param(b"", b"", True, id="empty"),
    ],
)
def test_what_is_left_of_an_output_is_a_picture_with_its_first_and_last_bytes(
    first: bytes, last: bytes, *, expected: bool
) -> None:
    assert is_remnant(first, last) is expected


@pytest.mark.parametrize(("found", "expected"), [(99, True), (100, False), (101, False)])
def test_only_an_output_that_has_lost_bytes_may_be_no_picture(found: int, *, expected: bool) -> None:
    assert may_be_remnant(100, found) is expected
