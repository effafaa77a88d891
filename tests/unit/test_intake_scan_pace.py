from __future__ import annotations

import math

import pytest

from darkroomd.core.scan_pace import SURE_SECONDS, FolderMemory, FolderStamp, ScanPace, retry_wait


def pace() -> ScanPace:
    return ScanPace(scan_seconds=45.0, poll_seconds=2.0)


def test_a_folder_that_was_never_looked_at_is_due() -> None:
    assert pace().at == -math.inf


@pytest.mark.parametrize(
    ("watched", "busy", "took", "polled", "expected"),
    [
        pytest.param(True, False, 9.0, 500, 120.0, id="watched-on-the-common-grid"),
        pytest.param(True, True, 9.0, 500, 120.0, id="busy-on-the-common-grid"),
        pytest.param(False, False, 0.001, 1, 102.0, id="polled"),
        pytest.param(False, False, 0.3, 1, 106.0, id="a-slow-share-rests-longer"),
        pytest.param(False, True, 0.003, 500, 130.0, id="many-share-the-time"),
        pytest.param(False, False, 1.0, 500, 145.0, id="never-rarer-than-a-watched-one"),
    ],
)
def test_the_next_look_depends_on_who_tells_and_on_what_a_look_costs(
    took: float, polled: int, expected: float, *, watched: bool, busy: bool
) -> None:
    folder = pace()

    folder.found(now=100.0, watched=watched, took_seconds=took, polled=polled, busy=busy)

    assert folder.at == pytest.approx(expected)


def test_two_folders_looked_at_at_different_times_are_due_together() -> None:
    first, second = pace(), pace()

    first.found(now=91.0, watched=True, took_seconds=0.1, polled=0)
    second.found(now=110.0, watched=True, took_seconds=0.1, polled=0, busy=True)

    assert first.at == second.at == 120.0


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

    assert (later, folder.at) == (120.0, 92.0)


def test_what_is_refused_is_left_alone_longer_each_time_until_something_is_taken() -> None:
    waits = [0.0]
    for refused in (True, True, True, True, False, True):
        waits.append(retry_wait(waits[-1], refused=refused, first_seconds=5.0, longest_seconds=30.0))

    assert waits[1:] == [5.0, 10.0, 20.0, 30.0, 0.0, 5.0]


def test_a_request_that_comes_during_a_look_is_done_after_it() -> None:
    folder = pace()
    folder.begin(now=90.0)
    folder.soon()

    folder.found(now=91.0, watched=True, took_seconds=1.0, polled=0)
    thorough = folder.begin(now=91.0)
    folder.found(now=92.0, watched=True, took_seconds=1.0, polled=0)

    assert thorough
    assert folder.at == 120.0


def test_a_folder_where_much_happens_is_looked_at_more_often() -> None:
    quiet, busy = pace(), pace()

    quiet.found(now=61.0, watched=True, took_seconds=0.1, polled=0)
    busy.found(now=61.0, watched=True, took_seconds=0.1, polled=0, busy=True)

    assert (quiet.at, busy.at) == (120.0, 90.0)


@pytest.mark.parametrize(
    ("watched", "seconds"),
    [pytest.param(True, 360.0, id="watched"), pytest.param(False, 45.0, id="nobody-tells")],
)
def test_the_files_themselves_are_looked_at_now_and_then(seconds: float, *, watched: bool) -> None:
    folder = pace()
    first = folder.begin(now=100.0)
    folder.found(now=100.0, watched=watched, took_seconds=0.0, polled=1)

    looks = []
    for at in (100.0 + seconds - 1, 100.0 + seconds):
        looks.append(folder.begin(now=at))
        folder.found(now=at, watched=watched, took_seconds=0.0, polled=1)

    assert first
    assert looks == [False, True]


STAMP = FolderStamp(device=1, inode=2, mtime_ns=3, ctime_ns=4)


def test_a_folder_is_known_once_it_was_listed_long_after_it_changed() -> None:
    memory = FolderMemory()
    known = []
    for now in (10.0, 10.5, 10.0 + SURE_SECONDS):
        memory.listed(STAMP, now=now)
        known.append(memory.stands(STAMP))

    assert known == [False, False, True]


@pytest.mark.parametrize(
    "stamp",
    [
        pytest.param(None, id="gone"),
        pytest.param(FolderStamp(9, 2, 3, 4), id="another-disk"),
        pytest.param(FolderStamp(1, 9, 3, 4), id="made-anew"),
        pytest.param(FolderStamp(1, 2, 9, 4), id="a-name-came-or-went"),
        pytest.param(FolderStamp(1, 2, 3, 9), id="its-times-were-reset"),
    ],
)
def test_a_folder_that_differs_from_the_one_that_was_listed_is_listed_again(
    stamp: FolderStamp | None,
) -> None:
    memory = FolderMemory()
    memory.listed(STAMP, now=10.0)
    memory.listed(STAMP, now=20.0)

    assert memory.stands(STAMP)
    assert not memory.stands(stamp)


def test_a_forgotten_folder_is_listed_again() -> None:
    memory = FolderMemory()
    memory.listed(STAMP, now=10.0)
    memory.listed(STAMP, now=20.0)

    memory.forget()

    assert not memory.stands(STAMP)


def test_a_folder_that_is_to_be_looked_at_more_often_is_not_waited_for_by_the_old_times() -> None:
    folder = ScanPace(scan_seconds=3600.0, poll_seconds=3600.0)
    folder.found(now=100.0, watched=False, took_seconds=0.0, polled=1)

    folder.adopt(scan_seconds=45.0, poll_seconds=2.0, now=101.0)

    assert folder.at == 103.0
    folder.found(now=103.0, watched=False, took_seconds=0.0, polled=1)
    assert folder.at == 105.0


def test_a_folder_that_was_asked_for_is_due_whatever_the_times_become() -> None:
    folder = pace()
    folder.soon()

    folder.adopt(scan_seconds=3600.0, poll_seconds=3600.0, now=100.0)

    assert folder.at == -math.inf
