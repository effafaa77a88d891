"""Every cell of the table of jobs, driven against the real store, which derives the states from items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from darkroom.errors import InvalidJobState
from darkroom.protocol.types import Failure, ItemState, JobState, Priority
from darkroomd.core.lifecycle import JOB_MOVES, JobEvent
from darkroomd.core.model import Fingerprint, PhotoState
from darkroomd.core.naming import photo_id
from darkroomd.store import arrivals, restoring, verbs
from darkroomd.store.database import open_database
from darkroomd.store.restoring import Restored
from standing import (
    FAILURE,
    NOW,
    SESSION,
    Standing,
    arrival,
    assert_told_once,
    newest_fact,
    output_of,
)

Step = Callable[[Standing], object]

GONE = Failure(code="raw.missing", message="It is gone.", transient=False, context={})


def completes(standing: Standing) -> None:
    standing.end(ItemState.COMPLETED)


def fails(standing: Standing) -> None:
    standing.end(ItemState.FAILED)


def stops(standing: Standing) -> None:
    standing.end(ItemState.CANCELED)


def retries(standing: Standing) -> None:
    standing.retry(include_canceled=True)


def second_comes_again(standing: Standing) -> None:
    standing.arrive("B.NEF")


def second_is_exported(standing: Standing) -> None:
    standing.export("B.NEF")


def winds_down(standing: Standing) -> None:
    standing.step(
        lambda database: verbs.cancel_jobs(
            database, [standing.job], failure=FAILURE, reason="r", most=1, now_usec=NOW
        )
    )


START, PAUSE, RESUME, CANCEL, EXPORT, PUT_BACK = (
    Standing.start,
    Standing.pause,
    Standing.resume,
    Standing.cancel,
    Standing.export,
    Standing.put_back,
)

REACHED: dict[JobState, tuple[Step, ...]] = {
    JobState.QUEUED: (),
    JobState.PAUSED: (PAUSE,),
    JobState.RUNNING: (START,),
    JobState.CANCELING: (START, CANCEL),
    JobState.COMPLETED: (START, completes, START, completes),
    JobState.FAILED: (START, fails, START, fails),
    JobState.CANCELED: (CANCEL,),
}
"""How a job of two photos comes into each state."""

ATTEMPTS: dict[JobEvent, Step] = {
    JobEvent.CLAIM: START,
    JobEvent.PUT_BACK: PUT_BACK,
    JobEvent.HOLD: PAUSE,
    JobEvent.RESUME: RESUME,
    JobEvent.GO_ON: RESUME,
    JobEvent.CANCEL: CANCEL,
    JobEvent.WIND_DOWN: winds_down,
    JobEvent.DROP: EXPORT,
    JobEvent.COMPLETE: completes,
    JobEvent.FAIL: fails,
    JobEvent.CLOSE: stops,
    JobEvent.RETRY: retries,
}
"""What makes an event happen, where it can."""

ONE_DONE: tuple[Step, ...] = (START, completes)
ONE_FAILED: tuple[Step, ...] = (START, fails)

LEGAL: dict[tuple[JobState, JobEvent], tuple[Sequence[Step], Step]] = {
    (JobState.QUEUED, JobEvent.CLAIM): ((), START),
    (JobState.QUEUED, JobEvent.HOLD): ((), PAUSE),
    (JobState.QUEUED, JobEvent.CANCEL): ((), CANCEL),
    (JobState.QUEUED, JobEvent.WIND_DOWN): ((), winds_down),
    (JobState.PAUSED, JobEvent.WIND_DOWN): ((PAUSE,), winds_down),
    (JobState.RUNNING, JobEvent.WIND_DOWN): ((START,), winds_down),
    (JobState.QUEUED, JobEvent.DROP): ((), EXPORT),
    # Somebody exports one of its photos meanwhile, so that only the other is retried.
    (JobState.QUEUED, JobEvent.FAIL): ((START, fails, START, fails, second_is_exported, retries), EXPORT),
    (JobState.QUEUED, JobEvent.COMPLETE): ((), Standing.discard),
    (JobState.PAUSED, JobEvent.COMPLETE): ((PAUSE,), Standing.discard),
    (JobState.PAUSED, JobEvent.RESUME): ((PAUSE,), RESUME),
    (JobState.PAUSED, JobEvent.GO_ON): ((*ONE_DONE, PAUSE), RESUME),
    (JobState.PAUSED, JobEvent.CANCEL): ((PAUSE,), CANCEL),
    (JobState.PAUSED, JobEvent.DROP): ((PAUSE,), EXPORT),
    (JobState.PAUSED, JobEvent.FAIL): ((*ONE_FAILED, PAUSE), EXPORT),
    (JobState.RUNNING, JobEvent.CLAIM): (ONE_DONE, START),
    (JobState.RUNNING, JobEvent.PUT_BACK): ((START,), PUT_BACK),
    (JobState.RUNNING, JobEvent.HOLD): (ONE_DONE, PAUSE),
    (JobState.RUNNING, JobEvent.CANCEL): ((START,), CANCEL),
    (JobState.RUNNING, JobEvent.DROP): (ONE_DONE, EXPORT),
    (JobState.RUNNING, JobEvent.COMPLETE): ((*ONE_DONE, START), completes),
    (JobState.RUNNING, JobEvent.FAIL): ((*ONE_DONE, START), fails),
    (JobState.CANCELING, JobEvent.CLOSE): ((START, CANCEL), stops),
    (JobState.FAILED, JobEvent.RETRY): ((START, fails, START, fails), retries),
    (JobState.CANCELED, JobEvent.RETRY): ((CANCEL,), retries),
}

ANOTHER_WAY = {
    # Work of a job that is being canceled ends it, however it ends.
    (JobState.CANCELING, JobEvent.PUT_BACK),
    (JobState.CANCELING, JobEvent.COMPLETE),
    (JobState.CANCELING, JobEvent.FAIL),
    # Only an item stops, and the job goes on.
    (JobState.RUNNING, JobEvent.CLOSE),
}
ILLEGAL = [
    (state, event)
    for state in JobState
    for event in JobEvent
    if event not in JOB_MOVES[state] and (state, event) not in ANOTHER_WAY
]


@pytest.fixture
def standing() -> Iterator[Standing]:
    database = open_database(Path(":memory:"))
    standing = Standing(database)
    standing.open()
    standing.job = standing.find("A.NEF", "B.NEF")
    yield standing
    database.close()


def take(standing: Standing, steps: Sequence[Step]) -> None:
    for step in steps:
        step(standing)


def test_every_cell_is_driven() -> None:
    assert set(LEGAL) == {(state, event) for state, moves in JOB_MOVES.items() for event in moves}


@pytest.mark.parametrize(("state", "event"), LEGAL)
def test_a_job_moves_as_the_table_says_and_all_that_changes_is_told_once(
    standing: Standing, state: JobState, event: JobEvent
) -> None:
    steps, act = LEGAL[state, event]
    take(standing, steps)
    assert standing.now().state is state
    before, newest = standing.all(), newest_fact(standing)

    act(standing)

    assert standing.now().state is JOB_MOVES[state][event]
    assert_told_once(standing, before, after_fact=newest)


@pytest.mark.parametrize(("state", "event"), ILLEGAL)
def test_a_job_does_not_move_where_the_table_has_nothing(
    standing: Standing, state: JobState, event: JobEvent
) -> None:
    take(standing, REACHED[state])
    assert standing.now().state is state
    before, everything, newest = standing.of_job(), standing.all(), newest_fact(standing)

    with suppress(InvalidJobState):
        ATTEMPTS[event](standing)

    assert standing.of_job() == before
    assert_told_once(standing, everything, after_fact=newest)


@pytest.mark.parametrize("end", [PUT_BACK, completes, fails])
def test_a_job_that_is_being_canceled_is_canceled_however_its_work_ends(
    standing: Standing, end: Step
) -> None:
    take(standing, REACHED[JobState.CANCELING])
    before, newest = standing.all(), newest_fact(standing)

    end(standing)

    assert standing.now().state is JobState.CANCELED
    assert_told_once(standing, before, after_fact=newest)


@pytest.mark.parametrize(
    ("state", "verb"),
    [
        *[pytest.param(state, PAUSE, id=f"pause-{state}") for state in ("canceling", "completed", "failed")],
        *[pytest.param(state, RESUME, id=f"resume-{state}") for state in ("canceling", "canceled")],
        *[pytest.param(state, retries, id=f"retry-{state}") for state in ("queued", "paused", "running")],
    ],
)
def test_what_a_job_cannot_do_any_more_or_yet_is_refused(standing: Standing, state: str, verb: Step) -> None:
    take(standing, REACHED[JobState(state)])

    with pytest.raises(InvalidJobState) as refusal:
        verb(standing)

    assert refusal.value.context == {"job_id": standing.job, "state": state}


def test_a_paused_job_is_running_until_its_item_has_ended(standing: Standing) -> None:
    take(standing, (START, PAUSE))
    while_it_runs = standing.now().state

    completes(standing)

    assert (while_it_runs, standing.now().state) == (JobState.RUNNING, JobState.PAUSED)


def replaced(standing: Standing) -> None:
    fingerprint = Fingerprint(device=9, inode=9, size_bytes=9, mtime_ns=9, ctime_ns=9)
    standing.step(
        lambda database: (
            None,
            restoring.refresh_fingerprints(
                database, SESSION, [(photo_id(SESSION, "A.NEF"), fingerprint)], now_usec=NOW
            ),
        )
    )


def goes_missing(standing: Standing) -> None:
    standing.step(
        lambda database: (
            None,
            arrivals.mark_missing(
                database, photo_id(SESSION, "A.NEF"), recipe="jpg", failure=GONE, now_usec=NOW
            ),
        )
    )


def is_adopted(standing: Standing) -> None:
    photo = next(value for thing, value in standing.all().items() if thing[0] == "photo")
    output = output_of(photo)  # type: ignore[arg-type]  # the family says what it is
    standing.step(
        lambda database: (
            None,
            restoring.restore(
                database,
                SESSION,
                [Restored(arrival("A.NEF"), PhotoState.DEVELOPED, (output,))],
                now_usec=NOW,
            ),
        )
    )


def gets_high(standing: Standing) -> None:
    standing.step(lambda database: verbs.set_priority(database, [standing.job], Priority.HIGH, now_usec=NOW))


def moves_to_the_end(standing: Standing) -> None:
    standing.step(lambda database: verbs.move_jobs(database, [standing.job], before=None, now_usec=NOW))


def is_forgotten(standing: Standing) -> None:
    standing.step(
        lambda database: verbs.clear_jobs(
            database, states=list(JobState), ended_before_usec=None, now_usec=NOW
        )
    )


def stops_for_failures(standing: Standing) -> None:
    standing.step(
        lambda database: verbs.cancel_jobs(
            database,
            [standing.job],
            failure=FAILURE,
            reason="too_many_failures",
            by_client=False,
            now_usec=NOW,
        )
    )


@pytest.mark.parametrize(
    ("steps", "act"),
    [
        pytest.param((), second_comes_again, id="a-photo-comes-again-while-it-waits"),
        pytest.param((START,), lambda one: one.arrive("A.NEF"), id="a-photo-comes-again-while-it-runs"),
        pytest.param((), lambda one: one.arrive("C.NEF"), id="a-photo-arrives"),
        pytest.param((), lambda one: one.find("C.NEF", "D.NEF"), id="photos-are-found"),
        pytest.param((), replaced, id="a-file-is-copied-over-itself"),
        pytest.param((), goes_missing, id="a-file-goes"),
        pytest.param((START,), goes_missing, id="a-file-goes-while-it-runs"),
        pytest.param((CANCEL,), is_adopted, id="an-output-is-adopted"),
        pytest.param((), gets_high, id="priority"),
        pytest.param((START,), gets_high, id="priority-of-what-runs"),
        pytest.param((second_comes_again,), moves_to_the_end, id="move"),
        pytest.param((CANCEL,), is_forgotten, id="clear"),
        pytest.param((*ONE_FAILED,), stops_for_failures, id="too-many-failures"),
        pytest.param((EXPORT,), EXPORT, id="an-export-that-is-there-already"),
        pytest.param((START,), EXPORT, id="an-export-that-must-wait"),
    ],
)
def test_all_that_changes_is_told_once_and_comes_back_by_its_number(
    standing: Standing, steps: Sequence[Step], act: Step
) -> None:
    take(standing, steps)
    before, newest = standing.all(), newest_fact(standing)
    standing.told = []

    act(standing)

    assert_told_once(standing, before, after_fact=newest)


def test_a_session_of_several_canceled_jobs_is_told_of_once(standing: Standing) -> None:
    jobs = [standing.job, standing.arrive("C.NEF")]
    before, newest = standing.all(), newest_fact(standing)

    standing.step(
        lambda database: verbs.cancel_jobs(database, jobs, failure=FAILURE, reason="r", now_usec=NOW)
    )

    assert_told_once(standing, before, after_fact=newest)


def test_what_runs_when_its_job_gets_another_priority_keeps_its_place_there(standing: Standing) -> None:
    other = standing.find("C.NEF", "D.NEF")
    standing.start()

    gets_high(standing)
    standing.put_back()

    claims = [standing.start() for _ in range(4)]
    assert [claim and claim.photo.name for claim in claims] == ["A.NEF", "B.NEF", "C.NEF", "D.NEF"]
    assert [claim and claim.job.id for claim in claims] == [standing.job, standing.job, other, other]
