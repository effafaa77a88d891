from __future__ import annotations

import stat
from pathlib import Path

import pytest

from darkroomd.core.checks.door import Door, socket_check
from darkroomd.core.checks.machine import (
    EARLIEST_USEC,
    ClockFacts,
    Inotify,
    Memory,
    clock_check,
    files_check,
    inotify_check,
    memory_check,
)

MB = 1_000_000
NOW = EARLIEST_USEC + 1
DAY = 86_400_000_000


@pytest.mark.parametrize(
    ("granted", "ok", "words"),
    [
        pytest.param(Inotify(10), True, "sets no limit", id="not-linux"),
        pytest.param(Inotify(10, 8192, 128, 16384), True, "10 of 8192 watches are needed.", id="plenty"),
        pytest.param(Inotify(5000, 8192), True, "Warning: 5000 of 8192", id="more-than-half"),
        pytest.param(Inotify(9000, 8192), False, "max_user_watches to 65536", id="too-few"),
        pytest.param(Inotify(900_000, 8192), False, "max_user_watches to 3600000", id="by-far-too-few"),
        pytest.param(
            Inotify(1, 8192, 4), True, "Warning: The system grants this user 4 watchers", id="instances"
        ),
        pytest.param(Inotify(1, 8192, 128, 4), True, "Warning: The system keeps 4 events", id="events"),
    ],
)
def test_watches_are_compared_with_what_is_needed(granted: Inotify, *, ok: bool, words: str) -> None:
    check = inotify_check(granted)

    assert check.ok is ok
    assert words in check.message


@pytest.mark.parametrize(
    ("opened", "allowed", "ok", "words"),
    [
        pytest.param(None, 1024, True, "does not tell", id="unknown"),
        pytest.param(20, None, True, "does not tell", id="no-limit"),
        pytest.param(20, 1024, True, "20 of 1024 files", id="few"),
        pytest.param(820, 1024, True, "Warning: 820 of 1024", id="many"),
        pytest.param(1000, 1024, False, "LimitNOFILE=", id="nearly-all"),
    ],
)
def test_open_files_are_told_before_they_run_out(
    opened: int | None, allowed: int | None, *, ok: bool, words: str
) -> None:
    check = files_check(opened=opened, allowed=allowed)

    assert check.ok is ok
    assert words in check.message


@pytest.mark.parametrize(
    ("memory", "ok", "words"),
    [
        pytest.param(Memory(), True, "does not tell", id="unknown"),
        pytest.param(
            Memory(40 * MB, 8000 * MB), True, "8000 MB of memory are free. The daemon holds 40 MB.", id="well"
        ),
        pytest.param(Memory(40 * MB, 500 * MB), True, "Warning: 500 MB of memory are free", id="scarce"),
        pytest.param(Memory(40 * MB, 200 * MB), False, "Close other programs.", id="none"),
        pytest.param(
            Memory(40 * MB, 8000 * MB, 400 * MB), True, "Warning: The service may take 400 MB", id="unit"
        ),
        pytest.param(
            Memory(900 * MB, 8000 * MB), True, "Warning: The daemon itself holds 900 MB", id="grown"
        ),
    ],
)
def test_memory_is_compared_with_what_a_photo_takes(memory: Memory, *, ok: bool, words: str) -> None:
    check = memory_check(memory)

    assert check.ok is ok
    assert words in check.message


@pytest.mark.parametrize(
    ("clock", "ok", "words"),
    [
        pytest.param(ClockFacts(NOW), True, "The clock is set", id="right"),
        pytest.param(ClockFacts(0), False, "is not set", id="never-set"),
        pytest.param(ClockFacts(NOW, newest_usec=NOW + DAY), True, "The clock is set", id="a-day-ahead"),
        pytest.param(
            ClockFacts(NOW, newest_usec=NOW + 3 * DAY),
            True,
            "Warning: The newest thing on record happened 3 days",
            id="behind",
        ),
        pytest.param(ClockFacts(NOW, jumped_seconds=59.0), True, "The clock is set", id="corrected"),
        pytest.param(
            ClockFacts(NOW, jumped_seconds=-7200.0),
            True,
            "Warning: The clock was set back by 2 hours",
            id="back",
        ),
        pytest.param(ClockFacts(NOW, jumped_seconds=300.0), True, "forward by 5 minutes", id="forward"),
        pytest.param(
            ClockFacts(NOW, photos_ahead=3),
            True,
            "3 of the newest photos are taken in the future",
            id="camera",
        ),
    ],
)
def test_a_clock_that_is_wrong_is_told(clock: ClockFacts, *, ok: bool, words: str) -> None:
    check = clock_check(clock)

    assert check.ok is ok
    assert words in check.message


SOCKET = Path("/run/darkroomd/darkroomd.sock")


@pytest.mark.parametrize(
    ("door", "ok", "words"),
    [
        pytest.param(Door(SOCKET, stat.S_IFSOCK | 0o600), True, "mode 0600", id="own"),
        pytest.param(Door(SOCKET, None), False, "Somebody removed the socket", id="removed"),
        pytest.param(Door(SOCKET, stat.S_IFREG | 0o600), False, "not the daemon's own", id="a-file"),
        pytest.param(
            Door(SOCKET, stat.S_IFSOCK | 0o600, ours=False), False, "not the daemon's own", id="another"
        ),
        pytest.param(
            Door(SOCKET, stat.S_IFSOCK | 0o660, group=7, wanted_group=7), True, "mode 0660", id="group"
        ),
        pytest.param(
            Door(SOCKET, stat.S_IFSOCK | 0o600, group=7, wanted_group=7),
            True,
            "Warning: The group",
            id="shut",
        ),
        pytest.param(
            Door(SOCKET, stat.S_IFSOCK | 0o660, group=0, wanted_group=7),
            True,
            "Warning: The group",
            id="other",
        ),
        pytest.param(
            Door(SOCKET, stat.S_IFSOCK | 0o666, group=0, wanted_group=7), True, "mode 0666", id="all"
        ),
    ],
)
def test_it_is_told_whether_programs_still_come_in(door: Door, *, ok: bool, words: str) -> None:
    check = socket_check(door)

    assert check.ok is ok
    assert words in check.message
