from __future__ import annotations

import pytest

from darkroomd.services.health import queue_check, watched_check


@pytest.mark.parametrize(
    ("reasons", "ok", "message"),
    [
        pytest.param((), True, "The queue is being worked on.", id="none"),
        pytest.param(
            ("queue.paused",),
            True,
            "Work waits: the queue is paused. `darkroom status` tells more.",
            id="paused-by-somebody",
        ),
        pytest.param(
            ("inhibited", "schedule"),
            True,
            "Work waits: work is held back and outside of the scheduled hours. `darkroom status` tells more.",
            id="two-that-are-wanted",
        ),
        pytest.param(
            ("schedule", "disk.full"),
            False,
            "Work waits: outside of the scheduled hours and no space left on the disk. "
            "`darkroom status` tells more.",
            id="one-that-nobody-wants",
        ),
    ],
)
def test_a_queue_is_well_as_long_as_it_waits_for_what_somebody_wants(
    reasons: tuple[str, ...], *, ok: bool, message: str
) -> None:
    check = queue_check(reasons)

    assert (check.ok, check.message) == (ok, message)


@pytest.mark.parametrize(
    ("sessions", "message"),
    [
        pytest.param(
            0,
            "No sessions are watched yet. Add one with `darkroom session add FOLDER`, or a folder of them "
            "with `darkroom root add FOLDER`.",
            id="none",
        ),
        pytest.param(1, "1 session is watched.", id="one"),
        pytest.param(2, "2 sessions are watched.", id="several"),
    ],
)
def test_it_is_told_how_many_sessions_are_watched_and_how_to_begin(sessions: int, message: str) -> None:
    assert watched_check(sessions).message == message
