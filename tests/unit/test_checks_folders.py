from __future__ import annotations

from pathlib import Path

import pytest

from darkroomd.core.checks.folders import (
    NO_SESSIONS,
    Disk,
    Need,
    Obstacle,
    Rounds,
    folders_check,
    sessions_check,
    space_check,
    watching_check,
)
from darkroomd.core.model import WatchMode

GB = 1_000_000_000


def disk(free_bytes: int | None, *, inodes: int | None = None, point: str = "/photos") -> Disk:
    return Disk(Path(point), "ext4", free_bytes, inodes)


@pytest.mark.parametrize(
    ("watched", "message"),
    [
        pytest.param(0, NO_SESSIONS, id="none"),
        pytest.param(1, "1 session is watched.", id="one"),
        pytest.param(2, "2 sessions are watched.", id="several"),
    ],
)
def test_it_is_told_how_many_sessions_are_watched_and_how_to_begin(watched: int, message: str) -> None:
    assert sessions_check(watched, lost=()).message == message


def test_of_many_lost_sessions_the_first_are_named_and_the_others_counted() -> None:
    lost = [Path(f"/photos/{number}") for number in range(7)]

    check = sessions_check(500, lost=lost)

    assert not check.ok
    assert "/photos/0, /photos/1, /photos/2, /photos/3, /photos/4 and 2 more" in check.message


def test_sessions_that_nobody_names_any_more_are_worth_a_look_and_lost_ones_come_first() -> None:
    let_go = [Path("/photos/old")]

    alone, both = sessions_check(3, lost=(), let_go=let_go), sessions_check(3, lost=let_go, let_go=let_go)

    assert alone.ok
    assert alone.message.startswith("Warning: Known, and not watched any more: /photos/old.")
    assert not both.ok
    assert both.message.startswith("Not to be found or read: /photos/old.")


@pytest.mark.parametrize(
    ("disks", "ok", "words"),
    [
        pytest.param(
            [disk(50 * GB)], True, "There is enough space on every disk: 50 GB on /photos.", id="room"
        ),
        pytest.param([], True, "no disk", id="nothing-to-look-at"),
        pytest.param([disk(GB)], True, "Warning: Little space is left: 1000 MB on /photos.", id="scarce"),
        pytest.param([disk(GB // 10)], False, "Hardly any space is left: 100 MB on /photos.", id="full"),
        pytest.param(
            [disk(50 * GB, inodes=9_999)], True, "Warning: The disk /photos has room", id="few-inodes"
        ),
        pytest.param([disk(50 * GB, inodes=10)], False, "has room for 10 more files", id="no-inodes"),
        pytest.param([disk(50 * GB, inodes=10_000)], True, "There is enough space", id="inodes-enough"),
        pytest.param([disk(None)], False, "No answer in time from the disk /photos.", id="dead"),
        pytest.param([disk(GB, point="/a"), disk(0, point="/b")], False, "Hardly any", id="the-worst-first"),
    ],
)
def test_room_on_disks_is_told_before_it_runs_out(disks: list[Disk], *, ok: bool, words: str) -> None:
    check = space_check(disks)

    assert check.ok is ok
    assert words in check.message


def test_what_is_full_is_told_before_what_fills_up() -> None:
    message = space_check([disk(GB, point="/a"), disk(0, point="/b")]).message

    assert message.index("/b") < message.index("/a")


def obstacle(need: Need, name: str = "Party") -> Obstacle:
    return Obstacle(Path("/photos", name), need, "Permission denied")


@pytest.mark.parametrize(
    ("rounds", "ok", "words"),
    [
        pytest.param(Rounds(0, 0), True, "There are no folders", id="none"),
        pytest.param(Rounds(2, 2), True, "The folders of 2 sessions can be read and written.", id="open"),
        pytest.param(
            Rounds(1, 1, (obstacle(Need.READ),)), False, "cannot be read from /photos/Party", id="raw"
        ),
        pytest.param(Rounds(1, 1, (obstacle(Need.OUTPUTS),)), False, "ReadWritePaths=", id="outputs"),
        pytest.param(Rounds(1, 1, (obstacle(Need.SIDECARS),)), False, "no photo is taken in", id="sidecars"),
        pytest.param(Rounds(1, 1, (obstacle(Need.RECORD),)), True, "Warning: The record", id="record"),
        pytest.param(Rounds(500, 80), True, "Warning: The disks are slow", id="slow"),
        pytest.param(
            Rounds(2, 1, silent=(Path("/nas"),)), False, "No answer in time from the disk /nas", id="dead"
        ),
    ],
)
def test_what_the_system_refuses_in_folders_is_told_with_what_to_do(
    rounds: Rounds, *, ok: bool, words: str
) -> None:
    check = folders_check(rounds)

    assert check.ok is ok
    assert words in check.message


def test_folders_with_the_same_trouble_share_a_sentence() -> None:
    obstacles = tuple(obstacle(Need.OUTPUTS, f"P{number}") for number in range(9))

    message = folders_check(Rounds(9, 9, obstacles)).message

    assert message.count("Outputs cannot be written") == 1
    assert "/photos/P4 and 4 more (Permission denied)" in message


@pytest.mark.parametrize(
    ("modes", "problem", "ok", "words"),
    [
        pytest.param({}, None, True, "There are no folders to watch yet.", id="nothing-yet"),
        pytest.param(
            {("ext4", WatchMode.EVENTS): 2, ("xfs", WatchMode.EVENTS): 1},
            None,
            True,
            "The system tells of changes in 3 sessions on ext4 and xfs.",
            id="events",
        ),
        pytest.param(
            {("nfs4", WatchMode.POLLING): 1, ("", WatchMode.POLLING): 1},
            None,
            True,
            "The folders of 2 sessions on a file system of unknown type and nfs4 are looked at every few",
            id="polling",
        ),
        pytest.param({}, "no space left", False, "raise fs.inotify.max_user_watches", id="refused"),
    ],
)
def test_it_is_told_how_changes_are_learned_of(
    modes: dict[tuple[str, WatchMode], int], problem: str | None, *, ok: bool, words: str
) -> None:
    check = watching_check(modes, problem=problem)

    assert check.ok is ok
    assert words in check.message


def test_a_name_that_no_line_can_hold_does_not_break_the_report() -> None:
    check = sessions_check(1, lost=[Path("/photos/a\nb\udcff" + "x" * 300)])

    assert check.message.isprintable()
    assert len(check.message) < 500
