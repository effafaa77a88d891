from __future__ import annotations

import pytest

from darkroom.protocol.types import Failure
from darkroomd.core.retry import (
    GiveUp,
    Hold,
    RetryPolicy,
    SessionHold,
    TryAgain,
    after_failure,
    session_hold_seconds,
)

POLICY = RetryPolicy(waits_seconds=(2.0, 10.0), attempts=4, environment_wait_seconds=5.0)


def failure(code: str, *, transient: bool) -> Failure:
    return Failure(code=code, message="It failed.", transient=transient, context={})


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        pytest.param(1, TryAgain(2_000_100), id="first-wait"),
        pytest.param(2, TryAgain(10_000_100), id="second-wait"),
        pytest.param(3, TryAgain(10_000_100), id="the-last-wait-holds-on"),
        pytest.param(4, GiveUp(), id="out-of-attempts"),
        pytest.param(9, GiveUp(), id="far-out-of-attempts"),
    ],
)
def test_a_transient_failure_is_tried_again_with_growing_patience(attempt: int, expected: object) -> None:
    decision = after_failure(
        POLICY, failure("worker.crashed", transient=True), attempt=attempt, environment=False, now_usec=100
    )

    assert decision == expected


def test_a_permanent_failure_is_final_at_once() -> None:
    decision = after_failure(
        POLICY, failure("raw.truncated", transient=False), attempt=1, environment=False, now_usec=0
    )

    assert decision == GiveUp()


@pytest.mark.parametrize("attempt", [1, 4, 100])
def test_a_fault_of_the_whole_system_holds_the_queue_whatever_the_attempt(attempt: int) -> None:
    decision = after_failure(
        POLICY,
        failure("system.files", transient=True),
        attempt=attempt,
        environment=True,
        now_usec=0,
    )

    assert decision == Hold(5.0, "system.files")


@pytest.mark.parametrize("code", ["session.gone", "disk.full", "disk.read_only", "disk.not_permitted"])
def test_one_session_s_folder_or_disk_does_not_hold_the_others(code: str) -> None:
    decision = after_failure(POLICY, failure(code, transient=True), attempt=9, environment=True, now_usec=0)

    assert decision == SessionHold(5.0, code)


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        pytest.param(1, 5, id="first"),
        pytest.param(2, 10, id="doubled"),
        pytest.param(5, 80, id="and-again"),
        pytest.param(7, 300, id="bounded"),
        pytest.param(10_000, 300, id="for-ever"),
    ],
)
def test_a_session_that_fails_again_and_again_is_probed_less_and_less(times: int, seconds: int) -> None:
    assert session_hold_seconds(POLICY, times=times) == seconds
