from __future__ import annotations

import pytest

from darkroom.protocol.types import JobState, Priority
from darkroomd.core.model import CorrelationId, Job, JobId, JobKind, Progress
from darkroomd.core.waiting import state_reasons

PAUSED = ("queue.paused",)


def job(
    state: JobState, *, running: int = 0, priority: Priority = Priority.NORMAL, own: tuple[str, ...] = ()
) -> Job:
    return Job(
        id=JobId(1),
        kind=JobKind.DEVELOP,
        state=state,
        state_reasons=own,
        priority=priority,
        position=None,
        session_id=None,
        label="",
        creator=None,
        creator_uid=None,
        progress=Progress(total=2, running=running),
        failure=None,
        correlation_id=CorrelationId("c"),
        created_at_usec=1,
        started_at_usec=None,
        ended_at_usec=None,
        revision=1,
    )


@pytest.mark.parametrize(
    ("one", "reasons", "expected"),
    [
        pytest.param(job(JobState.QUEUED), PAUSED, PAUSED, id="queued"),
        pytest.param(job(JobState.QUEUED), (), (), id="about-to-run"),
        pytest.param(job(JobState.RUNNING, running=1), PAUSED, (), id="running"),
        pytest.param(job(JobState.RUNNING), PAUSED, PAUSED, id="between-two-items"),
        pytest.param(
            job(JobState.PAUSED, own=("job.paused",)), PAUSED, ("job.paused", *PAUSED), id="paused-itself-too"
        ),
        pytest.param(
            job(JobState.CANCELED, own=("canceled_by_client",)), PAUSED, ("canceled_by_client",), id="ended"
        ),
        pytest.param(job(JobState.QUEUED), ("schedule",), ("schedule",), id="outside-of-the-hours"),
        pytest.param(
            job(JobState.QUEUED, priority=Priority.HIGH),
            ("schedule", "disk.full"),
            ("disk.full",),
            id="asked-for-by-a-person",
        ),
    ],
)
def test_a_job_says_what_it_waits_for_only_while_it_waits(
    one: Job, reasons: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert state_reasons(one, queue_reasons=reasons) == expected
