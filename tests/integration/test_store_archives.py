"""Archives in the queue: an item for each photo, which never touches what its photo shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from darkroom.errors import NoSuchSession
from darkroom.protocol.types import ItemState, JobState, Priority
from darkroomd.core.archive_request import Admission, Contents, Selection, admit, in_order
from darkroomd.core.model import CorrelationId, ItemId, JobId, PhotoState, SessionId
from darkroomd.core.naming import photo_id
from darkroomd.store import archived, archives, arrivals, catalogue, places, queue, verbs
from darkroomd.store.archived import ArchivedFile
from darkroomd.store.archives import Begun, NewArchive
from darkroomd.store.database import open_database
from darkroomd.store.queue import Ending, Kinds, Wanted
from darkroomd.store.rescans import Asked, Rescanned
from standing import CANCELED, FAILURE, NOW, SESSION, Standing, assert_told_once, newest_fact

BOTH = Selection(Contents.BOTH)
Step = Callable[[Standing], object]


@pytest.fixture
def standing() -> Iterator[Standing]:
    """A session with two developed photos."""
    database = open_database(Path(":memory:"))
    standing = Standing(database)
    standing.open()
    standing.job = standing.find("A.NEF", "B.NEF")
    for _ in range(2):
        standing.start()
        standing.end(ItemState.COMPLETED)
    standing.claim = None
    yield standing
    database.close()


def order(*, to: str = "/archive", partial: bool = False, paused: bool = False) -> NewArchive:
    return NewArchive(
        Path(to),
        Selection(Contents.BOTH, partial),
        SESSION,
        "s",
        CorrelationId("filed"),
        paused=paused,
        creator_uid=7,
    )


def admission(standing: Standing, *, partial: bool = False) -> Admission:
    known = archives.read_candidates(standing.database, [SESSION])
    return admit(in_order(known, [SESSION]), partial=partial)


def archive(
    standing: Standing, new: NewArchive | None = None, asked: Asked | None = None
) -> Begun | Rescanned:
    new = new or order()
    admitted = admission(standing, partial=new.selection.partial)
    begun = standing.step(
        lambda database: archives.begin_archive(database, new, admitted.shares, asked=asked, now_usec=NOW)
    )
    if isinstance(begun, Begun):
        for share in begun.shares:
            standing.step(
                lambda database, share=share: archives.add_items(
                    database, new, begun.job_id, [share], now_usec=NOW
                )
            )
        standing.step(
            lambda database: archives.complete_archive(
                database, new, begun.job_id, refusal=admitted.refusal, now_usec=NOW
            )
        )
        standing.job = begun.job_id
    return begun


def take(standing: Standing, steps: Sequence[Step]) -> None:
    for step in steps:
        step(standing)


def ends(state: ItemState) -> Step:
    def end(standing: Standing) -> object:
        item, fence = standing.in_hand()
        failure = {ItemState.FAILED: FAILURE, ItemState.CANCELED: CANCELED}.get(state)
        return standing.step(
            lambda database: (
                None,
                queue.end(database, item, Ending(state, failure=failure), fence=fence, now_usec=NOW),
            )
        )

    return end


def photos_of(standing: Standing) -> list[tuple[object, ...]]:
    rows = standing.database._connection.execute("SELECT * FROM photo ORDER BY seq").fetchall()
    return [tuple(row) for row in rows]


def test_an_archive_has_an_item_for_each_photo_and_is_told_of_once_it_is_whole(standing: Standing) -> None:
    begun = archive(standing)

    job = standing.now()
    assert isinstance(begun, Begun)
    assert [happening.kind for happening in standing.told] == ["job.created"]
    assert (job.kind, job.state, job.priority, job.session_id, job.creator_uid) == (
        "archive", JobState.QUEUED, Priority.NORMAL, SESSION, 7,
    )  # fmt: skip
    assert [item.photo_id for item in standing.items()] == [
        photo_id(SESSION, name) for name in ("A.NEF", "B.NEF")
    ]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([Standing.start], id="begin"),
        pytest.param([Standing.start, ends(ItemState.COMPLETED)], id="complete"),
        pytest.param([Standing.start, ends(ItemState.SKIPPED)], id="skip"),
        pytest.param([Standing.start, ends(ItemState.FAILED)], id="fail"),
        pytest.param([Standing.start, ends(ItemState.CANCELED)], id="cancel-what-runs"),
        pytest.param([Standing.start, Standing.put_back], id="put-back"),
        pytest.param([Standing.start, Standing.cancel, Standing.put_back], id="cancel-after-a-kill"),
        pytest.param([Standing.cancel], id="cancel"),
        pytest.param([Standing.pause, Standing.resume], id="pause-and-resume"),
        pytest.param([Standing.cancel, lambda standing: standing.retry(include_canceled=True)], id="retry"),
    ],
)
def test_an_archive_changes_nothing_of_its_photos_and_counts_nothing(
    standing: Standing, steps: list[Step]
) -> None:
    archive(standing)
    photos, session = photos_of(standing), catalogue.read_session(standing.database, SESSION)
    samples = standing.database.all("newest_samples", limit=99)

    take(standing, steps[:-1])
    before, newest = standing.all(), newest_fact(standing)
    steps[-1](standing)

    assert_told_once(standing, before, after_fact=newest)
    assert photos_of(standing) == photos
    assert catalogue.read_session(standing.database, SESSION) == session
    assert len(standing.database.all("newest_samples", limit=99)) == len(samples)


def test_photos_that_arrive_do_not_stand_behind_those_that_are_filed_away(standing: Standing) -> None:
    archive(standing)
    standing.arrive("C.NEF")
    standing.job = JobId(0)

    order_of_work = [claim.photo.name for _ in range(3) if (claim := standing.start())]

    assert order_of_work.index("C.NEF") < 2


def test_an_archive_with_unfinished_photos_has_failed_at_once_and_names_them(standing: Standing) -> None:
    standing.find("C.NEF")

    archive(standing)

    job = standing.now()
    items = standing.items()
    assert job.state is JobState.FAILED
    assert job.failure is not None
    assert (job.failure.code, job.failure.context) == (
        "archive.not_finished",
        {"count": 1, "photos": ["C.NEF"]},
    )
    assert [(item.state, item.failure and item.failure.code) for item in items] == [
        (ItemState.CANCELED, "archive.refused"),
        (ItemState.CANCELED, "archive.refused"),
        (ItemState.FAILED, "archive.not_finished"),
    ]
    assert [happening.kind for happening in standing.told] == ["job.created", "job.failed"]
    assert standing.start() is not None
    assert standing.claim is not None
    assert standing.claim.job.kind == "backfill"


@pytest.mark.parametrize("include_canceled", [False, True])
def test_an_archive_that_was_refused_is_asked_for_anew_and_not_retried_in_part(
    standing: Standing, *, include_canceled: bool
) -> None:
    standing.find("C.NEF")
    archive(standing)
    before = standing.now(), standing.items()

    retried = standing.retry(include_canceled=include_canceled)

    assert retried == ([], 0)
    assert (standing.now(), standing.items()) == before


def test_a_partial_archive_leaves_out_what_is_not_finished_and_says_so_in_the_log(
    standing: Standing,
) -> None:
    standing.find("C.NEF")

    archive(standing, order(partial=True))

    items = standing.items()
    left_out = items[2]
    lines = standing.database.all("log_lines_of_item", item_id=left_out.id, after=0, level=0, limit=9)
    assert [item.state for item in items] == [ItemState.QUEUED, ItemState.QUEUED, ItemState.SKIPPED]
    assert [(line["event"], line["correlation_id"]) for line in lines] == [("item_skipped", "filed")]


def test_photos_that_only_a_newer_pipeline_would_develop_anew_are_finished(standing: Standing) -> None:
    aged = [photo_id(SESSION, "A.NEF")]
    standing.step(lambda database: arrivals.mark_aged(database, SESSION, aged, now_usec=NOW))

    archive(standing)

    assert standing.now().state is JobState.QUEUED


def test_the_same_archive_twice_is_one_while_it_goes_on(standing: Standing) -> None:
    first = archive(standing)

    again = archive(standing)
    elsewhere = archive(standing, order(to="/other"))

    assert isinstance(first, Begun)
    assert again == Rescanned(first.job_id, 2)
    assert isinstance(elsewhere, Begun)


def test_the_same_key_names_the_same_archive(standing: Standing) -> None:
    first = archive(standing, asked=Asked(7, "key"))
    take(standing, [Standing.start, ends(ItemState.COMPLETED)] * 2)

    again = archive(standing, asked=Asked(7, "key"))
    other = archive(standing, asked=Asked(8, "key"))

    assert isinstance(first, Begun)
    assert again == Rescanned(first.job_id, 2)
    assert isinstance(other, Begun)


def test_an_archive_that_is_to_wait_waits(standing: Standing) -> None:
    archive(standing, order(paused=True))

    waiting = standing.start()
    standing.resume()

    assert waiting is None
    assert standing.start() is not None


def test_an_archive_whose_making_was_cut_short_is_forgotten_with_its_key(standing: Standing) -> None:
    new, shares = order(), admission(standing).shares
    begun = standing.step(
        lambda database: archives.begin_archive(database, new, shares, asked=Asked(7, "key"), now_usec=NOW)
    )
    assert isinstance(begun, Begun)
    standing.step(lambda database: archives.add_items(database, new, begun.job_id, shares[:1], now_usec=NOW))

    not_started = standing.start()
    forgotten = standing.step(lambda database: archives.forget_begun(database, now_usec=NOW))

    jobs = catalogue.read_jobs(standing.database, None, by_position=False, cursor=None, limit=9).entries
    assert not_started is None
    assert forgotten == 1
    assert [job.kind for job in jobs] == ["backfill"]
    assert isinstance(archive(standing, asked=Asked(7, "key")), Begun)


def test_an_archive_that_is_canceled_while_it_is_made_gets_no_more_items(standing: Standing) -> None:
    new, shares = order(), admission(standing).shares
    begun = standing.step(
        lambda database: archives.begin_archive(database, new, shares, asked=None, now_usec=NOW)
    )
    assert isinstance(begun, Begun)
    standing.step(lambda database: archives.add_items(database, new, begun.job_id, shares[:1], now_usec=NOW))
    standing.job = begun.job_id
    standing.cancel()

    more = standing.step(
        lambda database: archives.add_items(database, new, begun.job_id, shares[1:], now_usec=NOW)
    )
    whole = standing.step(
        lambda database: archives.complete_archive(database, new, begun.job_id, refusal=None, now_usec=NOW)
    )

    assert (more, whole) == (False, False)
    assert standing.now().state is JobState.CANCELED


def test_photos_of_a_session_that_is_unknown_are_not_archived(standing: Standing) -> None:
    with pytest.raises(NoSuchSession):
        archives.read_candidates(standing.database, [SessionId("unknown")])


def test_a_photo_that_is_discarded_while_it_waits_is_not_archived(standing: Standing) -> None:
    archive(standing)

    standing.discard("A.NEF")

    assert [item.state for item in standing.items()] == [ItemState.SKIPPED, ItemState.QUEUED]
    assert len(archives.read_candidates(standing.database, [SESSION])) == 1


def test_what_stands_in_an_archive_is_kept_until_a_list_of_sums_names_it(standing: Standing) -> None:
    archive(standing)
    claim = standing.start()
    assert claim is not None
    file = ArchivedFile(claim.item.id, b"2026/a\xff.NEF", "ab")
    standing.step(
        lambda database: (
            None,
            queue.end(
                database,
                claim.item,
                Ending(ItemState.COMPLETED, archived=(file,)),
                fence=claim.fence,
                now_usec=NOW,
            ),
        )
    )

    unlisted = archived.read_unlisted(standing.database, standing.job, SESSION)
    open_items = archives.read_open_items(standing.database, standing.job, SESSION)
    early = archived.read_sessions_unlisted(standing.database)
    standing.cancel()
    late = archived.read_sessions_unlisted(standing.database)
    standing.step(lambda database: archived.mark_listed(database, unlisted))

    assert unlisted == [file]
    assert open_items == {ItemId(claim.item.id + 1)}
    assert early == []
    assert [(one.job_id, one.session_id, one.destination) for one in late] == [
        (standing.job, SESSION, Path("/archive"))
    ]
    assert archived.read_sessions_unlisted(standing.database) == []
    assert catalogue.read_item_by_id(standing.database, claim.item.id).outputs == ()


def test_what_an_archive_was_told_and_of_which_photos_is_read_again(standing: Standing) -> None:
    archive(standing, order(partial=True))

    members = archives.read_members(standing.database, standing.job)
    rest = archives.read_members(standing.database, standing.job, after=members[-1].item_id)

    told = archives.read_order(standing.database, standing.job)
    assert (told.destination, told.selection) == (Path("/archive"), Selection(Contents.BOTH, partial=True))
    assert [member.photo.name for member in members] == ["A.NEF", "B.NEF"]
    assert [member.photo.state for member in members] == [PhotoState.DEVELOPED] * 2
    assert rest == []


def test_a_session_with_an_archive_that_goes_on_is_not_forgotten_and_later_is(standing: Standing) -> None:
    archive(standing)

    live, _ = places.remove_session(standing.database, session_id=SESSION, forgotten=False, now_usec=NOW)
    standing.cancel()
    gone, _ = places.remove_session(standing.database, session_id=SESSION, forgotten=False, now_usec=NOW)

    assert live == (standing.job,)
    assert gone == ()
    assert standing.database._connection.execute("SELECT count(*) AS n FROM archive").fetchone()["n"] == 0


@pytest.mark.parametrize(
    ("kinds", "first", "expected"),
    [
        pytest.param(Kinds.ANY, "archive", "archive", id="any"),
        pytest.param(Kinds.NO_ARCHIVES, "archive", "develop", id="something-else"),
        pytest.param(Kinds.AN_ARCHIVE_THAT_IS_FIRST, "archive", "archive", id="archive-is-first"),
        pytest.param(Kinds.AN_ARCHIVE_THAT_IS_FIRST, "develop", None, id="archive-is-behind"),
    ],
)
def test_archives_are_taken_where_they_have_a_place_and_never_before_others(
    standing: Standing, kinds: Kinds, first: str, expected: str | None
) -> None:
    archive(standing)
    arrived = standing.arrive("C.NEF")
    urgent = [standing.job if first == "archive" else arrived]
    standing.step(lambda database: verbs.set_priority(database, urgent, Priority.HIGH, now_usec=NOW))

    wanted = Wanted("b", Priority.LOW, kinds=kinds)
    claim = standing.step(lambda database: queue.claim(database, wanted, now_usec=NOW))

    assert (claim and claim.job.kind) == expected
