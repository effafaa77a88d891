from __future__ import annotations

import pytest

from darkroom.protocol.types import ItemState
from darkroomd.core.model import CorrelationId, Item, ItemId, JobId, PhotoId
from darkroomd.core.recovery import Abandon, Finish, Found, Record, Repeat, after_restart
from darkroomd.core.retry import RetryPolicy


def item(*, deaths: int = 0) -> Item:
    return Item(
        id=ItemId(1),
        job_id=JobId(1),
        photo_id=PhotoId("p"),
        recipe="jpg",
        state=ItemState.RUNNING,
        attempt=deaths + 1,
        fence=7,
        retry_at_usec=None,
        failure=None,
        outputs=(),
        correlation_id=CorrelationId("c"),
        started_at_usec=1,
        ended_at_usec=None,
        deaths=deaths,
    )


@pytest.mark.parametrize(
    ("deaths", "found", "expected"),
    [
        pytest.param(0, None, Repeat, id="killed-before-the-intent"),
        pytest.param(0, Found(final=False, part=True), Finish, id="killed-before-the-rename"),
        pytest.param(0, Found(final=True, part=False), Record, id="killed-after-the-rename"),
        pytest.param(0, Found(final=True, part=True), Record, id="same-bytes-twice"),
        pytest.param(0, Found(final=False, part=False), Repeat, id="the-part-is-lost"),
        pytest.param(1, None, Repeat, id="second-time"),
        pytest.param(2, None, Abandon, id="there-each-time-the-daemon-died"),
        pytest.param(2, Found(final=True, part=False), Record, id="published-in-its-last-attempt"),
        pytest.param(2, Found(final=False, part=True), Finish, id="complete-in-its-last-attempt"),
    ],
)
def test_an_item_left_running_is_finished_repeated_or_abandoned(
    deaths: int, found: Found | None, expected: type
) -> None:
    decision = after_restart(RetryPolicy(attempts=3), item(deaths=deaths), found)

    assert isinstance(decision, expected)


@pytest.mark.parametrize(
    ("deaths", "seconds"),
    [
        pytest.param(0, 2.0, id="first"),
        pytest.param(1, 10.0, id="second"),
        pytest.param(7, 10.0, id="the-last-wait-holds-for-all-later-ones"),
    ],
)
def test_a_daemon_proves_itself_for_a_while_before_it_tries_a_photo_that_others_died_with(
    deaths: int, seconds: float
) -> None:
    policy = RetryPolicy(waits_seconds=(2.0, 10.0), attempts=9)

    decision = after_restart(policy, item(deaths=deaths), None)

    assert isinstance(decision, Repeat)
    assert decision.after_seconds == seconds
    assert decision.failure.transient


def test_a_photo_that_took_the_daemon_down_is_failed_as_a_crash() -> None:
    decision = after_restart(RetryPolicy(attempts=3), item(deaths=2), None)

    assert isinstance(decision, Abandon)
    assert (decision.failure.code, decision.failure.context) == (
        "worker.crashed",
        {"attempts": 3, "deaths": 3},
    )
