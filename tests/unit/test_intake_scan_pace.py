from __future__ import annotations

import math

import pytest

from darkroomd.core.scan_pace import ScanPace, retry_wait


def pace() -> ScanPace:
    return ScanPace(scan_seconds=45.0, poll_seconds=2.0)


def test_a_folder_that_was_never_looked_at_is_due() -> None:
    assert pace().at == -math.inf


@pytest.mark.parametrize(
    ("watched", "took", "polled", "expected"),
    [
        pytest.param(True, 9.0, 500, 135.0, id="watched-on-the-common-grid"),
        pytest.param(False, 0.001, 1, 102.0, id="polled"),
        pytest.param(False, 0.3, 1, 106.0, id="a-slow-share-rests-longer"),
        pytest.param(False, 0.003, 500, 130.0, id="many-share-the-time"),
        pytest.param(False, 1.0, 500, 145.0, id="never-rarer-than-a-watched-one"),
    ],
)
def test_the_next_look_depends_on_who_tells_and_on_what_a_look_costs(
    took: float, polled: int, expected: float, *, watched: bool
) -> None:
    folder = pace()

    folder.found(now=100.0, watched=watched, took_seconds=took, polled=polled)

    assert folder.at == pytest.approx(expected)


def test_two_folders_looked_at_at_different_times_are_due_together() -> None:
    first, second = pace(), pace()

    first.found(now=91.0, watched=True, took_seconds=0.1, polled=0)
    second.found(now=130.0, watched=True, took_seconds=0.1, polled=0)

    assert first.at == second.at == 135.0


def test_a_lost_folder_is_asked_for_with_growing_patience_until_it_is_back() -> None:
    folder = pace()
    waits = []
    for _ in range(7):
        folder.lost(now=0.0)
        waits.append(folder.at)
    folder.found(now=0.0, watched=True, took_seconds=0.0, polled=0)
    folder.lost(now=0.0)

    assert waits == [2.0, 4.0, 8.0, 16.0, 32.0, 45.0, 45.0]
    assert folder.at == 2.0


def test_a_request_brings_the_next_look_forward_and_never_puts_it_off() -> None:
    folder = pace()
    folder.found(now=90.0, watched=True, took_seconds=0.0, polled=0)

    folder.within(100.0, now=90.0)
    later = folder.at
    folder.within(2.0, now=90.0)

    assert (later, folder.at) == (135.0, 92.0)


def test_what_is_refused_is_left_alone_longer_each_time_until_something_is_taken() -> None:
    waits = [0.0]
    for refused in (True, True, True, True, False, True):
        waits.append(retry_wait(waits[-1], refused=refused, first_seconds=5.0, longest_seconds=30.0))

    assert waits[1:] == [5.0, 10.0, 20.0, 30.0, 0.0, 5.0]
