from __future__ import annotations

import pytest

from darkroom.protocol.types import ItemState
from darkroomd.core.model import CorrelationId, Item, ItemId, JobId, PhotoId
from darkroomd.core.recovery import Abandon, Finish, Found, Record, Repeat, after_restart
from darkroomd.core.retry import RetryPolicy


def item(*, attempt: int) -> Item:
    return Item(
        id=ItemId(1),
        job_id=JobId(1),
        photo_id=PhotoId("p"),
        recipe="jpg",
        state=ItemState.RUNNING,
        attempt=attempt,
        fence=7,
        retry_at_usec=None,
        failure=None,
        outputs=(),
        correlation_id=CorrelationId("c"),
        started_at_usec=1,
        ended_at_usec=None,
    )


@pytest.mark.parametrize(
    ("attempt", "found", "expected"),
    [
        pytest.param(1, None, Repeat, id="killed-before-the-intent"),
        pytest.param(1, Found(final=False, part=True), Finish, id="killed-before-the-rename"),
        pytest.param(1, Found(final=True, part=False), Record, id="killed-after-the-rename"),
        pytest.param(1, Found(final=True, part=True), Record, id="same-bytes-twice"),
        pytest.param(1, Found(final=False, part=False), Repeat, id="the-part-is-lost"),
        pytest.param(2, None, Repeat, id="second-time"),
        pytest.param(3, None, Abandon, id="there-each-time-the-daemon-died"),
        pytest.param(3, Found(final=True, part=False), Record, id="published-in-its-last-attempt"),
        pytest.param(3, Found(final=False, part=True), Finish, id="complete-in-its-last-attempt"),
    ],
)
def test_an_item_left_running_is_finished_repeated_or_abandoned(
    attempt: int, found: Found | None, expected: type
) -> None:
    decision = after_restart(RetryPolicy(attempts=3), item(attempt=attempt), found)

    assert isinstance(decision, expected)


def test_a_photo_that_took_the_daemon_down_is_failed_as_a_crash() -> None:
    decision = after_restart(RetryPolicy(attempts=3), item(attempt=3), None)

    assert isinstance(decision, Abandon)
    assert (decision.failure.code, decision.failure.context) == ("worker.crashed", {"attempts": 3})
