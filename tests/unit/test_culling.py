from __future__ import annotations

import pytest

from darkroom.errors import InvalidParameter
from darkroom.protocol.calls import SetCaptureTime
from darkroomd.api.handlers.culling import correction_in
from darkroomd.core.culling import (
    BY_USER,
    BY_XMP,
    LATEST_USEC,
    AsRecorded,
    At,
    Correction,
    Offset,
    after_rating,
    corrected,
)


@pytest.mark.parametrize(
    ("discarded_by", "before", "now", "expected"),
    [
        pytest.param(None, False, True, BY_XMP, id="rejected"),
        pytest.param(BY_XMP, True, False, None, id="taken-back"),
        pytest.param(None, True, True, None, id="restored-by-a-person"),
        pytest.param(None, True, False, None, id="restored-then-taken-back"),
        pytest.param(BY_USER, False, True, BY_USER, id="rejected-as-well"),
        pytest.param(BY_USER, True, False, BY_USER, id="a-file-restores-nothing-of-a-persons"),
        pytest.param(BY_XMP, True, True, BY_XMP, id="read-again"),
    ],
)
def test_whoever_spoke_last_is_believed_and_a_person_more(
    discarded_by: str | None, *, before: bool, now: bool, expected: str | None
) -> None:
    assert after_rating(discarded_by, rejected_before=before, rejected=now) == expected


@pytest.mark.parametrize(
    ("captured", "correction"),
    [
        pytest.param(None, Offset(5), id="nothing-to-add-to"),
        pytest.param(5, Offset(-6), id="before-the-epoch"),
        pytest.param(LATEST_USEC, Offset(1), id="after-the-last-year"),
        pytest.param(5, At(-1), id="at-before"),
        pytest.param(5, At(2**63 - 1), id="at-after"),
    ],
)
def test_a_time_without_a_date_is_refused(captured: int | None, correction: Correction) -> None:
    with pytest.raises(ValueError, match="time"):
        corrected(captured, correction)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({"at_usec": 5}, At(5), id="at"),
        pytest.param({"offset_usec": 0}, Offset(0), id="offset"),
        pytest.param({"clear": True}, AsRecorded(), id="clear"),
        pytest.param({"clear": False, "at_usec": 5}, At(5), id="not-cleared"),
    ],
)
def test_exactly_one_correction_is_taken(asked: dict[str, int], expected: Correction) -> None:
    assert correction_in(SetCaptureTime(photo_ids=(), **asked)) == expected


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        pytest.param({}, "atUsec", id="none"),
        pytest.param({"clear": False}, "atUsec", id="none-really"),
        pytest.param({"at_usec": 5, "offset_usec": 5}, "offsetUsec", id="two"),
        pytest.param({"offset_usec": LATEST_USEC + 1}, "offsetUsec", id="later-than-any-date"),
        pytest.param({"offset_usec": -LATEST_USEC - 1}, "offsetUsec", id="earlier-than-any-date"),
        pytest.param({"at_usec": 5, "clear": True}, "clear", id="time-and-clear"),
        pytest.param({"at_usec": -1}, "atUsec", id="before-the-epoch"),
    ],
)
def test_none_or_several_corrections_are_refused(asked: dict[str, int], named: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        correction_in(SetCaptureTime(photo_ids=(), **asked))

    assert refusal.value.context == {"parameter": named}
