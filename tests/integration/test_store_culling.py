"""Looks, discarding and times of photos on the real store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from darkroom.errors import NoSuchPhoto, NoSuchSession
from darkroom.protocol.types import ItemState, JobState
from darkroomd.core.culling import AsRecorded, At, Correction, Offset
from darkroomd.core.model import (
    CorrelationId,
    Happening,
    JobKind,
    Photo,
    PhotoId,
    PhotoState,
    Session,
    SessionId,
)
from darkroomd.core.naming import photo_id
from darkroomd.store import arrivals, catalogue, culling, queue
from darkroomd.store.culling import Requeue, Styled
from darkroomd.store.database import Database, open_database
from darkroomd.store.queue import Ending
from standing import NOW, SESSION, Standing, assert_told_once, newest_fact, output_of

A, B = photo_id(SESSION, "A.NEF"), photo_id(SESSION, "B.NEF")
REQUEUE = Requeue("jpg", CorrelationId("again"))
CAPTURED = 1_600_000_000_000_000

Result = TypeVar("Result")


@pytest.fixture
def standing() -> Iterator[Standing]:
    """Two photos that wait in one job."""
    database = open_database(Path(":memory:"))
    standing = Standing(database)
    standing.open()
    standing.job = standing.find("A.NEF", "B.NEF")
    yield standing
    database.close()


def take(
    standing: Standing, change: Callable[[Database], tuple[Result, Sequence[Happening] | None]]
) -> Result:
    """Do it, and hold what is told to what changed."""
    before, newest = standing.all(), newest_fact(standing)
    result = standing.step(change)
    assert_told_once(standing, before, after_fact=newest)
    return result


def discard(standing: Standing, *photos: PhotoId, discarded: bool = True) -> list[PhotoId]:
    return ids(
        take(
            standing,
            lambda database: culling.set_discarded(
                database, photos, discarded=discarded, requeue=REQUEUE, now_usec=NOW
            ),
        )
    )


def rate(standing: Standing, photo: PhotoId, *, rejected: bool) -> list[PhotoId]:
    change = standing.step(
        lambda database: culling.note_ratings(database, {photo: rejected}, requeue=REQUEUE, now_usec=NOW)
    )
    return ids(change)


def restyle(standing: Standing, photo: PhotoId, look: str) -> list[PhotoId]:
    styled = [Styled(photo, look, "vivid", ("clarity",), ())]
    return ids(
        take(standing, lambda database: culling.restyle(database, styled, requeue=REQUEUE, now_usec=NOW))
    )


def correct(standing: Standing, correction: Correction, *photos: PhotoId) -> list[PhotoId]:
    return ids(
        take(
            standing,
            lambda database: culling.correct_times(
                database, photos, correction, requeue=REQUEUE, now_usec=NOW
            ),
        )
    )


def ids(photos: Sequence[Photo]) -> list[PhotoId]:
    return [photo.id for photo in photos]


def photo(standing: Standing, identity: PhotoId = A) -> Photo:
    return catalogue.read_photo(standing.database, identity)


def session(standing: Standing) -> Session:
    return catalogue.read_session(standing.database, SESSION)


def newest_job(standing: Standing) -> tuple[JobKind, int]:
    page = catalogue.read_jobs(standing.database, None, by_position=False, cursor=None, limit=1)
    return page.entries[0].kind, page.entries[0].progress.total


def develop(standing: Standing) -> None:
    standing.start()
    standing.end(ItemState.COMPLETED)
    standing.claim = None


def test_what_waits_for_a_discarded_photo_is_skipped_and_a_restored_one_waits_again(
    standing: Standing,
) -> None:
    changed = discard(standing, A)
    skipped = standing.items()[0]
    counts = session(standing).counts
    again = discard(standing, A, discarded=False)

    assert (changed, again) == ([A], [A])
    assert (skipped.state, skipped.failure and skipped.failure.code) == (
        ItemState.SKIPPED,
        "photo.discarded",
    )
    assert (counts.discarded, counts.pending) == (1, 1)
    assert newest_job(standing) == (JobKind.BACKFILL, 1)
    assert session(standing).counts.pending == 2


def test_a_job_whose_photos_are_all_discarded_is_completed_without_a_failure(standing: Standing) -> None:
    discard(standing, A, B, A)

    job = standing.now()
    assert (job.state, job.progress.skipped, job.failure) == (JobState.COMPLETED, 2, None)


def test_a_developed_photo_is_restored_without_work(standing: Standing) -> None:
    develop(standing)

    discard(standing, A)
    discard(standing, A, discarded=False)

    assert photo(standing).state is PhotoState.DEVELOPED
    assert newest_job(standing) == (JobKind.BACKFILL, 2)


def test_discarding_twice_changes_nothing(standing: Standing) -> None:
    discard(standing, A)

    assert discard(standing, A) == []


def test_an_unknown_photo_among_others_changes_nothing_at_all(standing: Standing) -> None:
    before = standing.all()

    with pytest.raises(NoSuchPhoto):
        discard(standing, A, PhotoId("?"))
    with pytest.raises(NoSuchPhoto):
        correct(standing, At(5), A, PhotoId("?"))

    assert standing.all() == before


def test_a_discarded_photo_that_comes_again_is_not_queued(standing: Standing) -> None:
    discard(standing, A)

    with pytest.raises(AssertionError):
        standing.arrive("A.NEF")

    assert photo(standing).discarded_by == "user"
    assert newest_job(standing) == (JobKind.BACKFILL, 2)


def test_a_rating_discards_and_restores_but_never_what_a_person_said_last(standing: Standing) -> None:
    by_xmp = (rate(standing, A, rejected=True), photo(standing).discarded_by)
    discard(standing, A, discarded=False)
    read_again = (rate(standing, A, rejected=True), photo(standing).discarded_by)
    discard(standing, A)
    rated_up = (rate(standing, A, rejected=False), photo(standing).discarded_by)

    assert by_xmp == ([A], "xmp")
    assert read_again == ([], None)
    assert rated_up == ([], "user")


def test_a_rating_that_is_taken_back_restores(standing: Standing) -> None:
    rate(standing, A, rejected=True)

    rate(standing, A, rejected=False)

    assert photo(standing).discarded_by is None
    assert newest_job(standing) == (JobKind.BACKFILL, 1)


def test_another_look_has_a_developed_photo_developed_anew_at_low_priority(standing: Standing) -> None:
    develop(standing)

    different = restyle(standing, A, "other")

    now = photo(standing)
    assert different == [A]
    assert (now.state, now.look, now.preset_id, now.unsupported) == (
        PhotoState.OUTDATED,
        "other",
        "vivid",
        ("clarity",),
    )
    assert newest_job(standing) == (JobKind.BACKFILL, 1)


def test_a_photo_that_only_a_newer_pipeline_develops_differently_waits_once_its_look_is_another(
    standing: Standing,
) -> None:
    develop(standing)
    pending = session(standing).counts.pending
    standing.step(lambda database: arrivals.mark_aged(database, SESSION, [A], now_usec=NOW))
    aged = (photo(standing).aged, session(standing).counts.pending)

    restyle(standing, A, "other")

    assert aged == (True, pending)
    assert (photo(standing).state, photo(standing).aged) == (PhotoState.OUTDATED, False)
    assert session(standing).counts.pending == pending + 1


def test_the_same_look_under_another_name_develops_nothing(standing: Standing) -> None:
    develop(standing)

    assert restyle(standing, A, "look") == []
    assert (photo(standing).state, photo(standing).preset_id) == (PhotoState.DEVELOPED, "vivid")


def test_a_photo_that_waits_already_is_queued_once(standing: Standing) -> None:
    restyle(standing, A, "other")

    assert newest_job(standing) == (JobKind.BACKFILL, 2)


def test_a_photo_that_is_being_developed_meanwhile_is_developed_once_more(standing: Standing) -> None:
    standing.start()
    claim = standing.claim
    assert claim is not None

    restyle(standing, A, "other")
    running = photo(standing).state
    ending = Ending(ItemState.COMPLETED, output=output_of(claim.photo))
    standing.step(
        lambda database: (
            None,
            queue.end(database, claim.item, ending, fence=claim.fence, now_usec=NOW),
        )
    )

    assert running is PhotoState.DEVELOPING
    assert photo(standing).state is PhotoState.OUTDATED
    assert newest_job(standing) == (JobKind.DEVELOP, 1)


@pytest.mark.parametrize(
    ("correction", "expected"),
    [
        pytest.param(At(7), ([A, B], 7, 7), id="for-all"),
        pytest.param(Offset(-3_600_000_000), ([A], CAPTURED - 3_600_000_000, None), id="camera-ahead"),
        pytest.param(Offset(2**62), ([], None, None), id="beyond-all-dates"),
        pytest.param(AsRecorded(), ([A, B], None, None), id="cleared"),
    ],
)
def test_times_are_corrected_where_there_is_one_to_correct(
    standing: Standing, correction: Correction, expected: object
) -> None:
    standing.database.run("photo_developed", **developed(A))

    changed = correct(standing, correction, A, B)

    assert (changed, photo(standing).corrected_at_usec, photo(standing, B).corrected_at_usec) == expected


def test_an_offset_is_added_to_the_cameras_time_however_often(standing: Standing) -> None:
    standing.database.run("photo_developed", **developed(A))

    correct(standing, Offset(5), A)
    correct(standing, Offset(5), A)

    assert photo(standing).corrected_at_usec == CAPTURED + 5


def test_another_time_has_a_developed_photo_developed_anew_at_low_priority(standing: Standing) -> None:
    develop(standing)

    correct(standing, At(7), A)

    assert (photo(standing).state, photo(standing).look) == (PhotoState.OUTDATED, "look")
    assert newest_job(standing) == (JobKind.BACKFILL, 1)


def test_the_same_time_again_develops_nothing(standing: Standing) -> None:
    develop(standing)

    correct(standing, AsRecorded(), A)

    assert photo(standing).state is PhotoState.DEVELOPED


def test_a_photo_that_only_a_newer_pipeline_develops_differently_is_developed_once_its_time_is_another(
    standing: Standing,
) -> None:
    develop(standing)
    standing.step(lambda database: arrivals.mark_aged(database, SESSION, [A], now_usec=NOW))

    correct(standing, At(7), A)

    assert (photo(standing).state, photo(standing).aged) == (PhotoState.OUTDATED, False)
    assert newest_job(standing) == (JobKind.BACKFILL, 1)


def test_a_photo_that_is_not_developed_yet_gets_its_time_and_no_more_work(standing: Standing) -> None:
    correct(standing, At(7), A)

    assert photo(standing).state is PhotoState.WAITING
    assert newest_job(standing) == (JobKind.BACKFILL, 2)


def test_a_photo_whose_time_is_corrected_while_it_is_developed_is_developed_once_more(
    standing: Standing,
) -> None:
    standing.start()
    claim = standing.claim
    assert claim is not None
    correct(standing, At(7), A)

    ending = Ending(ItemState.COMPLETED, output=output_of(claim.photo))
    standing.step(
        lambda database: (None, queue.end(database, claim.item, ending, fence=claim.fence, now_usec=NOW))
    )

    assert photo(standing).state is PhotoState.OUTDATED
    assert newest_job(standing) == (JobKind.DEVELOP, 1)


def test_the_preset_of_a_session_is_kept_and_told(standing: Standing) -> None:
    before = session(standing).revision

    changed = take(
        standing, lambda database: culling.set_session_preset(database, SESSION, "vivid", now_usec=NOW)
    )
    chosen = culling.presets_chosen(standing.database, SESSION, ["A.NEF", "C.NEF"])

    assert (changed.preset_id, changed.revision) == ("vivid", before + 1)
    assert chosen == ("vivid", {})


def test_an_unknown_session_has_no_preset(standing: Standing) -> None:
    with pytest.raises(NoSuchSession):
        standing.step(
            lambda database: culling.set_session_preset(database, SessionId("?"), None, now_usec=NOW)
        )


def developed(identity: PhotoId) -> dict[str, object]:
    return {
        "id": identity,
        "state": "developed",
        "captured_at_usec": CAPTURED,
        "zone_minutes": None,
        "left_out": "[]",
        "camera": "",
        "pixels": None,
        "now": NOW,
    }
