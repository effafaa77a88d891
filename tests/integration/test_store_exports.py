"""Exports take photos over from the background, and give back what is left of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from darkroom.errors import NoSuchPhoto
from darkroom.protocol.types import ItemState, JobState, Priority
from darkroomd.core.model import (
    EVERYTHING,
    CorrelationId,
    ItemId,
    Job,
    JobKind,
    Photo,
    PhotoId,
    PhotoState,
    Wish,
)
from darkroomd.core.naming import photo_id
from darkroomd.store.database import open_database
from darkroomd.store.export_items import begin
from darkroomd.store.exports import Exported, NewExport, go_on_exporting, start_export
from darkroomd.store.rescans import Asked, job_asked_for
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


@pytest.fixture
def developed() -> Iterator[Standing]:
    """Three photos that are developed."""
    database = open_database(Path(":memory:"))
    standing = Standing(database)
    standing.open()
    standing.job = standing.find("A.NEF", "B.NEF", "C.NEF")
    take(standing, (Standing.start, completes) * 3)
    yield standing
    database.close()


def begin_export(standing: Standing, wish: Wish = EVERYTHING) -> tuple[ItemId, ...]:
    """Export all three photos and take the first; return the items of the others."""
    exported = standing.export(wish=wish)
    assert isinstance(exported, Exported)
    assert exported.job_id is not None
    standing.job = exported.job_id
    standing.start()
    return tuple(item.id for item in standing.items()[1:])


def photos(standing: Standing) -> list[Photo]:
    return [value for value in standing.all().values() if isinstance(value, Photo)]


def test_what_is_up_to_date_is_skipped_together_and_no_photo_changes(developed: Standing) -> None:
    untouched = photos(developed)
    others = begin_export(developed)
    before, newest = developed.all(), newest_fact(developed)

    developed.skip_with(*others)

    job = developed.now()
    assert_told_once(developed, before, after_fact=newest)
    assert (job.state, job.progress.skipped) == (JobState.COMPLETED, 3)
    assert photos(developed) == untouched


def test_what_is_held_back_or_changed_meanwhile_is_not_skipped_with_others(developed: Standing) -> None:
    others = begin_export(developed)
    developed.arrive("B.NEF")
    developed.pause()

    developed.skip_with(*others)

    assert [item.state for item in developed.items()] == ["skipped", "queued", "queued"]


def test_a_photo_of_an_export_that_is_up_to_date_by_the_record_costs_no_time(developed: Standing) -> None:
    begin_export(developed)

    progress = developed.now().progress

    assert (progress.total, progress.sized, progress.sized_pixels) == (3, 3, 0)


@pytest.mark.parametrize(
    ("wish", "stop"),
    [
        pytest.param(EVERYTHING, Standing.put_back, id="put-back"),
        pytest.param(Wish(forced=True), Standing.put_back, id="forced-and-put-back"),
        pytest.param(EVERYTHING, lambda one: take(one, (Standing.cancel, stops)), id="canceled"),
        pytest.param(
            Wish(forced=True), lambda one: take(one, (Standing.cancel, stops)), id="forced-and-canceled"
        ),
    ],
)
def test_an_interrupted_export_leaves_what_was_developed_as_it_is(
    developed: Standing, wish: Wish, stop: Step
) -> None:
    begin_export(developed, wish)

    stop(developed)

    assert [photo.state for photo in photos(developed)] == [PhotoState.DEVELOPED] * 3
    jobs = [value.kind for value in developed.all().values() if isinstance(value, Job)]
    assert jobs == [JobKind.BACKFILL, JobKind.EXPORT]


def test_a_photo_that_is_to_be_developed_after_all_shows_it(developed: Standing) -> None:
    begin_export(developed)
    item, fence = developed.in_hand()
    before, newest = developed.all(), newest_fact(developed)

    begun = developed.step(lambda database: begin(database, item, fence=fence, now_usec=NOW))
    late = developed.step(lambda database: begin(database, item, fence=fence - 1, now_usec=NOW))

    assert (begun, late) == (True, False)
    assert [photo.state for photo in photos(developed)] == ["developing", "developed", "developed"]
    assert len(developed.all()) == len(before)
    assert newest_fact(developed) == newest + 2


def test_many_photos_are_exported_in_steps(standing: Standing) -> None:
    wanted = NewExport(
        SESSION,
        tuple(photo_id(SESSION, name) for name in ("A.NEF", "B.NEF")),
        "jpg",
        "export",
        CorrelationId("e"),
    )
    asked = Asked(1, "key")

    begun = standing.step(lambda database: start_export(database, wanted, asked=asked, most=1, now_usec=NOW))
    assert isinstance(begun, Exported)
    too_early = job_asked_for(standing.database, asked, now_usec=NOW)
    done = standing.step(
        lambda database: go_on_exporting(database, wanted, begun, asked=asked, most=1, now_usec=NOW)
    )
    again = standing.step(lambda database: start_export(database, wanted, asked=asked, now_usec=NOW))

    assert (begun.items, len(begun.rest), too_early) == (1, 1, None)
    assert (done.job_id, done.items, done.rest, done.superseded) == (begun.job_id, 2, (), begun.superseded)
    assert again == Exported(begun.job_id, 2, created=False)


def test_nothing_is_added_to_an_export_that_was_canceled_meanwhile(standing: Standing) -> None:
    wanted = NewExport(
        SESSION,
        tuple(photo_id(SESSION, name) for name in ("A.NEF", "B.NEF")),
        "jpg",
        "export",
        CorrelationId("e"),
    )
    begun = standing.step(lambda database: start_export(database, wanted, most=1, now_usec=NOW))
    assert isinstance(begun, Exported)
    assert begun.job_id is not None
    standing.job = begun.job_id
    standing.cancel()

    done = standing.step(lambda database: go_on_exporting(database, wanted, begun, now_usec=NOW))

    assert (done.items, done.rest) == (1, ())
    assert len(standing.items()) == 1
