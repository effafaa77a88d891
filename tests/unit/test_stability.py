from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.model import Fingerprint
from darkroomd.core.stability import (
    Gone,
    Lease,
    Look,
    Patience,
    Settled,
    Tracker,
    Unsettled,
    Waiting,
    judge,
)

PATIENCE = Patience(quiet_seconds=0.5, blind_seconds=10.0)
FREE, HELD, UNKNOWN = Lease.FREE, Lease.HELD, Lease.UNKNOWN


def fingerprint(size: int = 100, *, changed: int = 1, inode: int = 7) -> Fingerprint:
    return Fingerprint(device=1, inode=inode, size_bytes=size, mtime_ns=changed, ctime_ns=changed)


def settled_at(
    life: Sequence[tuple[float, int, Lease]], *, until: float = 60.0, hinted: bool = True
) -> float | None:
    """Let a tracker follow a file through its life: from each moment on, a size and who writes."""
    tracker = Tracker(PATIENCE)
    moments = [moment for moment, _, _ in life if hinted]
    now = life[0][0]
    while now <= until:
        past = [step for step in life if step[0] <= now]
        _, size, lease = past[-1]
        look = Look(fingerprint(size, changed=len({step[:2] for step in past})), lease)
        if isinstance(tracker.saw("a.nef", look, now=now), Settled):
            return now
        ahead = [moment for moment in moments if moment > now]
        look_at = tracker.next_look_at()
        assert look_at is not None
        now = min([look_at, *ahead[:1]])
    return None


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        pytest.param([(0.0, 9, FREE)], 0.5, id="copied-at-once"),
        pytest.param([(0.0, 3, HELD), (0.2, 9, FREE)], 0.7, id="copied-in-pieces"),
        pytest.param([(0.0, 3, HELD), (4.0, 9, FREE)], 4.5, id="stalled-four-seconds-with-the-file-open"),
        pytest.param([(0.0, 9, HELD), (2.0, 9, HELD), (3.0, 9, FREE)], 3.5, id="preallocated-then-filled"),
        pytest.param([(0.0, 3, FREE), (0.4, 9, HELD), (0.6, 9, FREE)], 1.1, id="closed-then-appended-soon"),
        pytest.param(
            [(0.0, 3, HELD), (2.0, 9, HELD), (2.5, 9, FREE)], 3.0, id="written-through-another-link"
        ),
        pytest.param([(0.0, 0, FREE), (2.6, 9, FREE)], 3.1, id="zero-bytes-filled-later"),
        pytest.param([(0.0, 9, UNKNOWN)], 10.0, id="nobody-can-tell-who-writes"),
        pytest.param([(0.0, 3, UNKNOWN), (8.0, 9, UNKNOWN)], 18.0, id="blind-upload-that-resumed"),
        pytest.param([(0.0, 3, FREE), (4.0, 9, FREE)], 0.5, id="nothing-foresees-a-late-appender"),
        pytest.param([(0.0, 0, FREE)], None, id="zero-bytes-for-ever"),
        pytest.param([(0.0, 9, HELD)], None, id="open-for-ever"),
    ],
)
def test_a_file_settles_when_its_writer_is_done(
    life: list[tuple[float, int, Lease]], expected: float | None
) -> None:
    found = settled_at(life)

    assert found == (expected if expected is None else pytest.approx(expected, abs=0.11))


def test_a_stalled_upload_is_found_complete_without_any_event_at_most_half_as_late_again() -> None:
    found = settled_at([(0.0, 3, HELD), (8.0, 3, FREE)], hinted=False)

    assert found is not None
    assert 8.0 <= found <= 12.0


@pytest.mark.parametrize(
    ("look", "settles"),
    [
        pytest.param(Look(fingerprint(), FREE, moved_in=True), True, id="complete-when-it-came"),
        pytest.param(Look(fingerprint(), HELD, moved_in=True), False, id="somebody-still-writes"),
        pytest.param(Look(fingerprint(), UNKNOWN, moved_in=True), False, id="nobody-can-tell"),
        pytest.param(Look(fingerprint(0), FREE, moved_in=True), False, id="empty"),
        pytest.param(Look(fingerprint(), FREE), False, id="without-evidence"),
    ],
)
def test_a_file_that_was_renamed_into_place_needs_no_quiet_time(look: Look, *, settles: bool) -> None:
    outcome = judge(PATIENCE, None, look, now=5.0)

    assert isinstance(outcome, Settled) is settles


def test_only_the_first_look_at_an_inode_counts_as_its_arrival() -> None:
    before = judge(PATIENCE, None, Look(fingerprint(), HELD), now=0.0)
    assert isinstance(before, Waiting)

    same = judge(PATIENCE, before, Look(fingerprint(changed=2), FREE, moved_in=True), now=1.0)
    other = judge(PATIENCE, before, Look(fingerprint(inode=8), FREE, moved_in=True), now=1.0)

    assert isinstance(same, Waiting)
    assert other == Settled(fingerprint(inode=8))


def test_however_long_a_writer_is_silent_it_is_looked_at_every_few_seconds() -> None:
    silent = judge(PATIENCE, None, Look(fingerprint(), HELD), now=0.0)
    assert isinstance(silent, Waiting)

    waiting = judge(PATIENCE, silent, Look(fingerprint(), HELD), now=3600.0)

    assert isinstance(waiting, Waiting)
    assert waiting.look_at == 3600.0 + PATIENCE.longest_seconds


def test_resetting_the_times_of_a_file_starts_its_quiet_time_anew() -> None:
    tracker = Tracker(PATIENCE)
    tracker.saw("a", Look(fingerprint(changed=1), FREE), now=0.0)
    tracker.saw("a", Look(fingerprint(changed=2), FREE), now=0.4)

    early = tracker.saw("a", Look(fingerprint(changed=2), FREE), now=0.6)
    late = tracker.saw("a", Look(fingerprint(changed=2), FREE), now=0.9)

    assert early is None
    assert isinstance(late, Settled)


def test_a_file_that_vanishes_is_forgotten() -> None:
    tracker = Tracker(PATIENCE)
    tracker.saw("a", Look(fingerprint(), FREE), now=0.0)

    outcome = tracker.saw("a", Look(None), now=0.1)

    assert isinstance(outcome, Gone)
    assert "a" not in tracker
    assert tracker.next_look_at() is None


def test_a_file_that_grows_for_ten_minutes_is_told_once_and_still_waited_for() -> None:
    tracker = Tracker(PATIENCE)
    told = []
    for second in range(1200):
        look = Look(fingerprint(second + 1, changed=second), HELD)
        outcome = tracker.saw("a", look, now=float(second))
        told += [outcome] if outcome else []

    finished = Look(fingerprint(9999), FREE)
    tracker.saw("a", finished, now=1200.0)

    assert [(type(one), one.seconds) for one in told if isinstance(one, Unsettled)] == [(Unsettled, 600.0)]
    assert isinstance(tracker.saw("a", finished, now=1200.5), Settled)


def test_many_events_do_not_make_many_looks() -> None:
    tracker = Tracker(PATIENCE)
    looks = 0
    for millisecond in range(0, 30_000, 10):
        now = millisecond / 1000
        tracker.hint("a", now=now)
        if millisecond == 0 or tracker.due(now=now):
            tracker.saw("a", Look(fingerprint(millisecond + 1, changed=millisecond), HELD), now=now)
            looks += 1

    assert looks < 110


def test_a_hint_brings_a_look_forward_but_never_puts_it_off() -> None:
    tracker = Tracker(PATIENCE)
    tracker.saw("a", Look(fingerprint(), UNKNOWN), now=0.0)

    tracker.hint("a", now=3.0)
    tracker.hint("a", now=4.0)
    tracker.hint("nobody", now=4.0)

    assert tracker.due(now=3.0) == ("a",)
    assert len(tracker) == 1


@given(
    looks=st.lists(
        st.tuples(
            st.floats(0.001, 20.0),
            st.integers(0, 3),
            st.integers(1, 3),
            st.sampled_from(Lease),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_no_file_settles_empty_or_while_it_is_written_and_every_other_one_has_a_next_look(
    looks: list[tuple[float, int, int, Lease, bool]],
) -> None:
    tracker = Tracker(PATIENCE)
    now = 0.0

    for step, size, changed, lease, moved_in in looks:
        now += step
        outcome = tracker.saw(
            "a", Look(fingerprint(size, changed=changed), lease, moved_in=moved_in), now=now
        )

        assert not (isinstance(outcome, Settled) and (size == 0 or lease is HELD))
        next_at = tracker.next_look_at()
        assert isinstance(outcome, Settled) or (next_at is not None and now < next_at <= now + 10.0)
