from __future__ import annotations

import pytest

from darkroom.protocol.types import ItemState, JobState
from darkroomd.core.lifecycle import (
    ITEM_EVENTS,
    ITEM_MOVES,
    JOB_EVENTS,
    JOB_MOVES,
    ItemEvent,
    JobEvent,
    is_ending,
    is_live,
    job_state,
    waiting_state,
)
from darkroomd.core.model import PhotoState, Progress


def test_every_state_has_its_row() -> None:
    assert set(ITEM_MOVES) == set(ItemState)
    assert set(JOB_MOVES) == set(JobState)


def test_what_ended_well_stays_as_it_is() -> None:
    assert ITEM_MOVES[ItemState.COMPLETED] == ITEM_MOVES[ItemState.SKIPPED] == {}
    assert JOB_MOVES[JobState.COMPLETED] == {}


def test_every_event_leads_somewhere_and_has_a_meaning() -> None:
    of_items = {event for moves in ITEM_MOVES.values() for event in moves}
    of_jobs = {event for moves in JOB_MOVES.values() for event in moves}

    assert of_items == set(ItemEvent) == set(ITEM_EVENTS)
    assert of_jobs == set(JobEvent) == set(JOB_EVENTS)


def test_every_state_can_be_reached() -> None:
    assert {after for moves in ITEM_MOVES.values() for after in moves.values()} == set(ItemState)
    assert {after for moves in JOB_MOVES.values() for after in moves.values()} == set(JobState)


@pytest.mark.parametrize("state", ItemState)
def test_work_ends_in_a_state_that_no_work_is_done_in(state: ItemState) -> None:
    assert is_ending(state) is (state not in {ItemState.QUEUED, ItemState.RUNNING})


@pytest.mark.parametrize("state", JobState)
def test_a_job_is_live_until_it_ends_or_is_being_stopped(state: JobState) -> None:
    assert is_live(state) is (state in {JobState.QUEUED, JobState.PAUSED, JobState.RUNNING})


@pytest.mark.parametrize(
    ("progress", "started", "ended", "expected"),
    [
        pytest.param(Progress(total=1), False, False, JobState.QUEUED, id="new"),
        pytest.param(Progress(total=2, running=1), True, False, JobState.RUNNING, id="working"),
        pytest.param(Progress(total=2, completed=1), True, False, JobState.RUNNING, id="between-two"),
        pytest.param(Progress(total=2, completed=2), True, True, JobState.COMPLETED, id="done"),
        pytest.param(Progress(total=2, completed=1, failed=1), True, True, JobState.FAILED, id="one-failed"),
        pytest.param(Progress(total=1, canceled=1), False, True, JobState.CANCELED, id="canceled"),
    ],
)
def test_a_job_is_what_became_of_its_items(
    progress: Progress, started: bool, ended: bool, expected: JobState
) -> None:
    assert job_state(progress, started=started, ended=ended) is expected


def test_a_photo_that_was_developed_before_is_outdated_while_it_waits() -> None:
    assert waiting_state(has_output=True) is PhotoState.OUTDATED
    assert waiting_state(has_output=False) is PhotoState.WAITING
