from __future__ import annotations

import pytest

from darkroom.protocol.types import ItemState, JobState
from darkroomd.core.lifecycle import ITEM_MOVES, ItemEvent, job_state, waiting_state
from darkroomd.core.model import PhotoState, Progress


def test_every_state_has_its_row() -> None:
    assert set(ITEM_MOVES) == set(ItemState)


def test_an_item_that_ended_stays_as_it_is() -> None:
    ended = [ItemState.COMPLETED, ItemState.SKIPPED, ItemState.FAILED, ItemState.CANCELED]

    assert [ITEM_MOVES[state] for state in ended] == [{}, {}, {}, {}]


def test_every_event_leads_somewhere() -> None:
    reachable = {event for moves in ITEM_MOVES.values() for event in moves}

    assert reachable == set(ItemEvent)


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
