from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.pulse import SILENT_SECONDS, Standing, Standstill, patience_seconds, standstill
from darkroomd.services.scheduler import LONGEST_REST

NOW = 10_000.0
PATIENCE = 60.0
JUST_NOW = NOW - 1
TOO_LONG_AGO = NOW - PATIENCE - 1
SILENT_SINCE = NOW - SILENT_SECONDS - 1


@pytest.mark.parametrize(
    "standing",
    [
        pytest.param(Standing(), id="nothing-to-do"),
        pytest.param(Standing(turn_since=JUST_NOW), id="taking-the-next-item"),
        pytest.param(Standing(turn_since=NOW - PATIENCE), id="to-the-very-end-of-its-patience"),
        pytest.param(Standing(writing_since=JUST_NOW), id="writing"),
        pytest.param(
            Standing(turn_since=TOO_LONG_AGO, kept_since=TOO_LONG_AGO), id="an-export-of-a-whole-library"
        ),
        pytest.param(Standing(heard_at=(JUST_NOW,)), id="a-photo-in-work"),
        pytest.param(
            Standing(heard_at=(SILENT_SINCE,), due_at=NOW + 1), id="a-large-photo-within-its-deadline"
        ),
        pytest.param(
            Standing(heard_at=(SILENT_SINCE,), due_at=NOW - 1), id="a-photo-the-worker-has-just-done"
        ),
        pytest.param(Standing(heard_at=(NOW - SILENT_SECONDS + 1,)), id="a-slow-disk"),
        pytest.param(
            Standing(heard_at=(SILENT_SINCE,), at_fault=True), id="an-end-that-a-full-disk-does-not-record"
        ),
        pytest.param(Standing(left_since=JUST_NOW), id="work-that-has-just-come"),
    ],
)
def test_the_watchdog_is_fed_while_the_queue_goes_on_or_has_a_reason_to_wait(standing: Standing) -> None:
    assert standstill(standing, patience_seconds=PATIENCE, now=NOW) is None


@pytest.mark.parametrize(
    ("standing", "found"),
    [
        pytest.param(Standing(turn_since=TOO_LONG_AGO), Standstill.TURN, id="a-turn-without-an-end"),
        pytest.param(
            Standing(turn_since=TOO_LONG_AGO, at_fault=True),
            Standstill.TURN,
            id="a-turn-whatever-is-waited-for",
        ),
        pytest.param(
            Standing(turn_since=TOO_LONG_AGO, heard_at=(JUST_NOW,), due_at=NOW + 1),
            Standstill.TURN,
            id="a-turn-beside-work",
        ),
        pytest.param(Standing(writing_since=TOO_LONG_AGO), Standstill.STORE, id="a-disk-that-hangs"),
        pytest.param(
            Standing(writing_since=TOO_LONG_AGO, kept_since=JUST_NOW),
            Standstill.STORE,
            id="a-request-that-waits-for-such-a-disk",
        ),
        pytest.param(
            Standing(kept_since=SILENT_SINCE), Standstill.REQUEST, id="a-request-that-keeps-others-waiting"
        ),
        pytest.param(
            Standing(heard_at=(SILENT_SINCE,), due_at=SILENT_SINCE + 0.5),
            Standstill.WORK,
            id="a-photo-past-its-deadline",
        ),
        pytest.param(
            Standing(heard_at=(JUST_NOW, SILENT_SINCE)), Standstill.WORK, id="one-that-is-silent-among-others"
        ),
        pytest.param(Standing(left_since=TOO_LONG_AGO), Standstill.QUEUE, id="work-that-nobody-takes"),
    ],
)
def test_the_watchdog_starves_where_work_comes_to_a_standstill(standing: Standing, found: Standstill) -> None:
    assert standstill(standing, patience_seconds=PATIENCE, now=NOW) is found


@given(st.floats(0.001, 1e6))
def test_a_turn_may_take_as_long_as_the_watchdog_and_longer_than_a_locked_database(seconds: float) -> None:
    assert patience_seconds(seconds) >= max(seconds, 10.0)


def test_the_scheduler_has_time_to_notice_that_the_clock_jumped() -> None:
    left = Standing(left_since=NOW - LONGEST_REST)

    assert standstill(left, patience_seconds=patience_seconds(1.0), now=NOW) is None
