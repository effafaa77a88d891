from __future__ import annotations

import math

from darkroomd.core.intake import Sighting
from darkroomd.core.model import CorrelationId, Fingerprint
from darkroomd.core.stability import Lease, Look, Patience
from darkroomd.core.waiting_room import FirstSeen, Growing, Left, Notice, Origin, Ready, WaitingRoom

PATIENCE = Patience(quiet_seconds=0.5, blind_seconds=10.0, growing_seconds=30.0)


def fingerprint(changed: int = 1, *, device: int = 1, written: int | None = None) -> Fingerprint:
    mtime_ns = changed if written is None else written
    return Fingerprint(device=device, inode=7, size_bytes=9, mtime_ns=mtime_ns, ctime_ns=changed)


def look(changed: int = 1, lease: Lease = Lease.FREE) -> Look:
    return Look(fingerprint(changed), lease)


def kinds(notices: tuple[Notice, ...]) -> list[type[Notice]]:
    return [type(notice) for notice in notices]


def test_a_file_is_seen_once_and_is_ready_once_it_was_quiet() -> None:
    room = WaitingRoom(PATIENCE, {})
    room.announce("a")

    first = room.saw("a", look(), now=1.0)
    early = room.saw("a", look(), now=1.2)
    late = room.saw("a", look(), now=1.5)

    assert kinds(first) == [FirstSeen]
    assert early == ()
    assert late == (Ready(fingerprint()),)


def test_a_file_that_was_moved_in_is_ready_at_first_sight() -> None:
    room = WaitingRoom(PATIENCE, {})
    room.announce("a", Origin(Sighting.ADDED))

    notices = room.saw("a", Look(fingerprint(5, written=3), Lease.FREE), now=1.0)

    assert kinds(notices) == [FirstSeen, Ready]


def test_what_was_dealt_with_is_left_alone_until_it_changes() -> None:
    room = WaitingRoom(PATIENCE, {"a": fingerprint()})
    room.announce("a")

    same = room.saw("a", Look(fingerprint(device=2), Lease.FREE), now=1.0)
    changed = room.saw("a", look(2), now=2.0)

    assert same == ()
    assert kinds(changed) == [FirstSeen]


def test_a_file_somebody_doubts_settles_anew_with_its_own_story() -> None:
    room = WaitingRoom(PATIENCE, {"a": fingerprint()})

    room.doubt("a", Origin(correlation_id=CorrelationId("story")))
    (seen,) = room.saw("a", look(), now=1.0)

    assert seen == FirstSeen(fingerprint(), Origin(correlation_id=CorrelationId("story")))


def test_the_best_evidence_of_how_a_file_came_is_kept() -> None:
    room = WaitingRoom(PATIENCE, {})
    room.announce("a", Origin(Sighting.RENAMED))
    room.announce("a", Origin(backlog=True))

    (seen, ready) = room.saw("a", look(), now=1.0)

    assert seen == FirstSeen(fingerprint(), Origin(Sighting.RENAMED))
    assert ready == Ready(fingerprint())


def test_a_file_that_is_touched_while_it_is_handed_over_is_looked_at_again() -> None:
    room = WaitingRoom(PATIENCE, {})
    room.announce("a", Origin(Sighting.RENAMED))
    room.saw("a", look(), now=1.0)

    room.hint("a", now=1.1)
    room.deal_with("a", fingerprint())

    assert room.due(now=1.1) == ("a",)
    assert kinds(room.saw("a", look(2), now=1.2)) == [FirstSeen]


def test_a_file_that_changed_while_it_was_handed_over_is_taken_up_again_by_the_next_look() -> None:
    room = WaitingRoom(PATIENCE, {})
    room.announce("a", Origin(Sighting.RENAMED))
    room.saw("a", look(), now=1.0)

    room.deal_with("a", fingerprint())
    room.hint("a", now=2.0)

    assert room.due(now=2.0) == ("a",)
    assert kinds(room.saw("a", look(2), now=2.0)) == [FirstSeen]


def test_a_scan_makes_no_looks_at_files_that_somebody_told_of() -> None:
    room = WaitingRoom(PATIENCE, {})
    room.saw("waited for", look(), now=1.0)
    room.announce("ready", Origin(Sighting.RENAMED))
    room.saw("ready", look(), now=1.0)
    room.announce("put off", Origin(Sighting.RENAMED))
    room.saw("put off", look(), now=1.0)
    room.put_off("put off", until=9.0)

    for name in ("waited for", "ready", "put off"):
        room.found(name, fingerprint(), now=1.2)

    assert room.due(now=1.2) == ()


def test_a_scan_finds_what_nobody_told_of() -> None:
    room = WaitingRoom(PATIENCE, {})
    room.saw("changed", look(1), now=1.0)
    room.announce("ready, then changed", Origin(Sighting.RENAMED))
    room.saw("ready, then changed", look(1), now=1.0)

    for name in ("new", "changed", "ready, then changed"):
        room.found(name, fingerprint(2), now=1.2)

    assert set(room.due(now=1.2)) == {"new", "changed", "ready, then changed"}


def test_a_file_that_is_ready_is_not_ready_twice() -> None:
    room = WaitingRoom(PATIENCE, {})
    room.announce("a", Origin(Sighting.RENAMED))
    room.saw("a", look(), now=1.0)

    room.hint("a", now=1.1)

    assert room.saw("a", look(), now=1.1) == ()
    assert room.due(now=9.0) == ()


def test_a_file_that_was_put_off_is_looked_at_again_later() -> None:
    room = WaitingRoom(PATIENCE, {})
    room.announce("a", Origin(Sighting.RENAMED))
    room.saw("a", look(), now=1.0)

    room.put_off("a", until=6.0)

    assert room.next_due() == 6.0
    assert room.due(now=5.9) == ()
    assert room.due(now=6.0) == ("a",)
    assert room.saw("a", look(), now=6.0) == ()
    assert room.saw("a", look(), now=6.5) == (Ready(fingerprint()),)


def test_only_a_photo_that_is_known_can_be_missing() -> None:
    room = WaitingRoom(PATIENCE, {"known": fingerprint()})
    room.announce("new")
    room.saw("new", look(), now=1.0)

    assert room.saw("known", Look(None), now=2.0) == (Left(dealt_with=True),)
    assert room.saw("new", Look(None), now=2.0) == (Left(dealt_with=False),)
    assert room.saw("never seen", Look(None), now=2.0) == ()
    assert room.next_due() == math.inf


def test_a_file_that_does_not_settle_is_spoken_of_once() -> None:
    room = WaitingRoom(PATIENCE, {})

    notices = [
        notice
        for second in range(60)
        for notice in room.saw("a", look(second, Lease.HELD), now=float(second))
    ]

    assert notices == [FirstSeen(fingerprint(0), Origin()), Growing(30.0, Lease.HELD)]


def test_a_file_somebody_doubts_that_is_gone_is_missed_all_the_same() -> None:
    room = WaitingRoom(PATIENCE, {"a": fingerprint()})
    room.doubt("a", Origin(backlog=True))

    notices = room.saw("a", Look(None), now=1.0)

    assert notices == (Left(dealt_with=True),)
    assert not room.is_doubted("a")


def test_a_file_is_doubted_until_it_was_dealt_with_again() -> None:
    room = WaitingRoom(PATIENCE, {"a": fingerprint()})
    room.doubt("a", Origin())
    room.saw("a", look(), now=1.0)
    room.saw("a", look(), now=9.0)
    before = room.is_doubted("a")

    room.deal_with("a", fingerprint())

    assert (before, room.is_doubted("a")) == (True, False)


def test_files_that_wait_have_the_patience_that_is_in_force() -> None:
    room = WaitingRoom(Patience(quiet_seconds=60.0, blind_seconds=60.0), {})
    room.announce("a")
    room.saw("a", look(), now=1.0)

    room.adopt(PATIENCE)

    assert room.due(now=1.0) == ("a",)
    assert room.saw("a", look(), now=1.2) == ()
    assert room.next_due() == 1.5
    assert room.saw("a", look(), now=1.5) == (Ready(fingerprint()),)
