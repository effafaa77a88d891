"""Exports take photos over from the background, and give back what is left of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from darkroom.errors import NoSuchPhoto
from darkroom.protocol.types import ItemState, JobState, Priority
from darkroomd.core.model import CorrelationId, JobKind, Photo, PhotoId, PhotoState
from darkroomd.core.naming import photo_id
from darkroomd.store.database import open_database
from darkroomd.store.exports import Exported, NewExport, start_export
from standing import NOW, SESSION, Standing, assert_told_once, newest_fact

Step = Callable[[Standing], object]


@pytest.fixture
def standing() -> Iterator[Standing]:
    """A backfill of two photos."""
    database = open_database(Path(":memory:"))
    standing = Standing(database)
    standing.open()
    standing.job = standing.find("A.NEF", "B.NEF")
    yield standing
    database.close()


def completes(standing: Standing) -> None:
    standing.end(ItemState.COMPLETED)


def fails(standing: Standing) -> None:
    standing.end(ItemState.FAILED)


def stops(standing: Standing) -> None:
    standing.end(ItemState.CANCELED)


def take(standing: Standing, steps: Sequence[Step]) -> None:
    for step in steps:
        step(standing)


@pytest.mark.parametrize(
    ("stop", "left"),
    [
        pytest.param(Standing.cancel, ["A.NEF", "B.NEF"], id="before-it-began"),
        pytest.param(
            lambda one: take(one, (Standing.start, Standing.cancel, stops)),
            ["A.NEF", "B.NEF"],
            id="while-it-runs",
        ),
        pytest.param(
            lambda one: take(one, (Standing.start, Standing.cancel, Standing.put_back)),
            ["A.NEF", "B.NEF"],
            id="after-a-kill",
        ),
        pytest.param(
            lambda one: take(one, (Standing.start, completes, Standing.cancel)), ["B.NEF"], id="half-way"
        ),
        pytest.param(
            lambda one: take(one, (Standing.start, fails, Standing.cancel)), ["B.NEF"], id="after-a-failure"
        ),
        pytest.param(
            lambda one: take(one, (Standing.pause, Standing.cancel)),
            ["A.NEF", "B.NEF"],
            id="while-it-is-paused",
        ),
    ],
)
def test_what_a_canceled_export_left_undone_is_in_the_background_again(
    standing: Standing, stop: Step, left: list[str]
) -> None:
    exported = standing.export()
    assert isinstance(exported, Exported)
    assert exported.job_id is not None
    standing.job = exported.job_id
    before, newest = standing.all(), newest_fact(standing)

    stop(standing)
    taken = [standing.start() for _ in range(3)]

    claims = [claim for claim in taken if claim is not None]
    assert standing.now().state is JobState.CANCELED
    assert sorted(claim.photo.name for claim in claims) == left
    assert {(claim.job.kind, claim.job.priority) for claim in claims} == {(JobKind.BACKFILL, Priority.LOW)}
    assert {claim.photo.failure for claim in claims} == {None}
    assert newest_fact(standing) > newest
    assert len(standing.all()) > len(before)


def test_an_export_that_is_retried_takes_its_photos_back(standing: Standing) -> None:
    exported = standing.export()
    assert isinstance(exported, Exported)
    assert exported.job_id is not None
    standing.job = exported.job_id
    standing.cancel()
    before, newest = standing.all(), newest_fact(standing)

    standing.retry(include_canceled=True)

    assert_told_once(standing, before, after_fact=newest)
    claims = [standing.start() for _ in range(3)]
    assert [claim and claim.job.id for claim in claims] == [exported.job_id, exported.job_id, None]


def test_a_superseded_job_says_so_and_has_no_failure(standing: Standing) -> None:
    exported = standing.export("B.NEF")

    job = standing.now()
    assert isinstance(exported, Exported)
    assert exported.superseded == (standing.job,)
    assert (job.state, job.state_reasons, job.failure) == (JobState.QUEUED, ("superseded",), None)


def test_a_photo_of_another_session_is_not_exported(standing: Standing) -> None:
    before = standing.all()
    order = NewExport(SESSION, (PhotoId("unknown"),), "jpg", "export", CorrelationId("e"))

    with pytest.raises(NoSuchPhoto):
        standing.step(lambda database: start_export(database, order, now_usec=NOW))

    assert standing.all() == before


def test_an_export_of_low_priority_that_is_paused_waits_for_both(standing: Standing) -> None:
    photo = photo_id(SESSION, "A.NEF")
    order = NewExport(
        SESSION, (photo,), "jpg", "export", CorrelationId("e"), priority=Priority.LOW, paused=True
    )

    exported = standing.step(lambda database: start_export(database, order, now_usec=NOW))

    claims = [standing.start(), standing.start()]
    assert isinstance(exported, Exported)
    assert exported.job_id is not None
    standing.job = exported.job_id
    assert (standing.now().state, standing.now().priority) == (JobState.PAUSED, Priority.LOW)
    assert [claim and claim.photo.name for claim in claims] == ["B.NEF", None]


def test_what_is_developed_shows_that_until_its_export_begins(standing: Standing) -> None:
    take(standing, (Standing.start, completes, Standing.export))

    states = [value.state for value in standing.all().values() if isinstance(value, Photo)]

    assert states == [PhotoState.DEVELOPED, PhotoState.WAITING]


def test_a_name_that_is_not_utf8_can_be_read_in_the_label(standing: Standing) -> None:
    order = NewExport(SESSION, (photo_id(SESSION, "A.NEF"),), "jpg", "f\udcffte", CorrelationId("e"))

    exported = standing.step(lambda database: start_export(database, order, now_usec=NOW))

    assert isinstance(exported, Exported)
    assert exported.job_id is not None
    standing.job = exported.job_id
    assert standing.now().label == "f\ufffdte"
