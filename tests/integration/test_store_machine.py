"""The queue against its specification: random work, and after each step the same answer from both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from darkroom.errors import InvalidJobState
from darkroom.protocol.types import Failure, ItemState, JobState, Priority
from darkroomd.core.archive_request import Contents, Selection, admit, in_order
from darkroomd.core.lifecycle import ITEM_MOVES, JOB_MOVES, job_state
from darkroomd.core.model import (
    Arrival,
    Claim,
    CorrelationId,
    Counts,
    ItemId,
    JobId,
    JobKind,
    PhotoId,
    PhotoState,
    SessionId,
    Wish,
)
from darkroomd.core.naming import photo_id
from darkroomd.core.queue_order import Busy, Waiting, next_item
from darkroomd.store import archives, arrivals, catalogue, exports, queue, verbs
from darkroomd.store.archives import Begun
from darkroomd.store.arrivals import NewJob
from darkroomd.store.database import Database, Row, open_database
from darkroomd.store.export_items import begin
from darkroomd.store.exports import Exported, MustStop, NewExport
from darkroomd.store.queue import Ending, Wanted
from darkroomd.store.rows import PRIORITIES
from darkroomd.store.suspects import put_back_suspect
from make import make_arrival
from standing import output_of

SESSIONS = [SessionId("a"), SessionId("b"), SessionId("c")]
FAILURE = Failure(code="raw.truncated", message="It is cut off.", transient=False, context={})
CANCELED = Failure(code="canceled", message="It was canceled.", transient=False, context={})
FEW = st.lists(st.integers(0, 30), min_size=1, max_size=3)


def arrival(session: SessionId, name: str) -> Arrival:
    return make_arrival(name, session_id=session)


FAILURES = {ItemState.FAILED: FAILURE, ItemState.CANCELED: CANCELED}


class Queue(RuleBasedStateMachine):
    database: Database

    @initialize()
    def open(self) -> None:
        self.database = open_database(Path(":memory:"))
        self.now = 1_000
        self.photos = 0
        self.hands: list[Claim] = []
        self.jobs_seen: dict[JobId, JobState] = {}
        self.items_seen: dict[ItemId, ItemState] = {}
        for session in SESSIONS:
            with self.database.transaction():
                arrivals.add_session(
                    self.database, Path("/") / session, name=session, session_id=session, now_usec=1
                )

    def teardown(self) -> None:
        self.database.close()

    def jobs(self) -> list[JobId]:
        rows = self.database._connection.execute("SELECT id FROM job ORDER BY id").fetchall()
        return [JobId(row["id"]) for row in rows]

    def chosen(self, numbers: list[int]) -> list[JobId]:
        jobs = self.jobs()
        return [jobs[number % len(jobs)] for number in numbers]

    @rule(session=st.sampled_from(SESSIONS), count=st.integers(1, 4))
    def find(self, session: SessionId, count: int) -> None:
        found = [arrival(session, f"{self.photos + number}") for number in range(count)]
        self.photos += count
        job = NewJob(JobKind.BACKFILL, session, "found", CorrelationId("b"))
        with self.database.transaction():
            arrivals.arrive_many(
                self.database,
                [(photo_id(session, each.name), each) for each in found],
                job=job,
                recipe="jpg",
                now_usec=self.now,
            )

    @rule(session=st.sampled_from(SESSIONS))
    def arrive(self, session: SessionId) -> None:
        self.photos += 1
        name = f"{self.photos}"
        with self.database.transaction():
            arrivals.arrive(
                self.database,
                arrival(session, name),
                photo_id=photo_id(session, name),
                kind=JobKind.DEVELOP,
                recipe="jpg",
                now_usec=self.now,
            )

    @rule(seconds=st.integers(1, 20))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(
        least=st.sampled_from(Priority),
        waiting=st.sets(st.sampled_from(SESSIONS), max_size=2),
        held=st.sets(st.integers(1, 12), max_size=2),
    )
    def claim(self, least: Priority, waiting: set[SessionId], held: set[int]) -> None:
        expected = next_item(
            self.waiting(),
            least_priority=PRIORITIES.index(least),
            waiting_sessions=frozenset(map(str, waiting)),
            waiting_jobs=frozenset(held),
            busy=self.busy(),
        )
        photos = self.photo_rows()

        with self.database.transaction():
            wanted = Wanted("b", least, waiting, waiting_jobs=set(map(JobId, held)))
            claim, _ = queue.claim(self.database, wanted, now_usec=self.now)

        assert (claim and claim.item.id) == (expected and expected.id)
        self.hands += [claim] if claim else []
        if claim is not None:
            self.photos_are_left_alone_by_archives(claim, photos)

    @precondition(lambda self: self.hands)
    @rule(
        state=st.sampled_from([ItemState.COMPLETED, ItemState.FAILED, ItemState.CANCELED]), late=st.booleans()
    )
    def end(self, state: ItemState, late: bool) -> None:
        hand = self.hands.pop(0)
        photos = self.photo_rows()
        fence = hand.fence - 1 if late else hand.fence
        with self.database.transaction():
            ended = queue.end(
                self.database,
                hand.item,
                Ending(state, failure=FAILURES.get(state)),
                fence=fence,
                now_usec=self.now,
            )
        assert (ended is None) is late
        self.hands += [hand] if late else []
        self.photos_are_left_alone_by_archives(hand, photos)

    @precondition(lambda self: any(hand.job.kind is JobKind.EXPORT for hand in self.hands))
    @rule(develops=st.booleans(), rest=st.booleans(), along=st.booleans())
    def end_of_export(self, develops: bool, rest: bool, along: bool) -> None:
        """Photos of an export are developed, or found up to date as far as they have outputs."""
        hand = next(hand for hand in self.hands if hand.job.kind is JobKind.EXPORT)
        self.hands.remove(hand)
        skips = bool(hand.photo.outputs) and not develops
        waiting = self.rows("SELECT id FROM item WHERE job_id = ? AND state = 'queued'", hand.job.id)
        ending = Ending(
            ItemState.SKIPPED if skips else ItemState.COMPLETED,
            output=None if skips else output_of(hand.photo),
            looked_at=hand.photo if skips else None,
            along=tuple(ItemId(row["id"]) for row in waiting) if skips and along else (),
            rest_is_due=rest,
        )

        with self.database.transaction():
            queue.end(self.database, hand.item, ending, fence=hand.fence, now_usec=self.now)

        photo = catalogue.read_photo(self.database, hand.photo.id)
        live = self.live([photo.id], "develop", "backfill", "export")
        assert photo.state in {PhotoState.DEVELOPED, PhotoState.OUTDATED, PhotoState.MISSING}
        assert bool(live) is (photo.state is PhotoState.OUTDATED and photo.discarded_by is None)

    @precondition(lambda self: any(hand.photo.state is PhotoState.DEVELOPED for hand in self.hands))
    @rule()
    def begin_after_all(self) -> None:
        """Work on what may have been up to date begins."""
        hands = [hand for hand in self.hands if hand.photo.state is PhotoState.DEVELOPED]
        hand = next((hand for hand in hands if hand.job.kind is JobKind.EXPORT), None)
        if hand is None:
            return
        with self.database.transaction():
            begun, _ = begin(self.database, hand.item, fence=hand.fence, now_usec=self.now)
        assert begun

    @precondition(lambda self: self.hands)
    @rule()
    def die(self) -> None:
        """The daemon dies with an item in work, and the next one finds it."""
        hand = self.hands.pop(0)
        with self.database.transaction():
            put_back_suspect(
                self.database,
                hand.item,
                fence=hand.fence,
                failure=FAILURE,
                retry_at_usec=self.now,
                now_usec=self.now,
            )

    @precondition(lambda self: self.hands)
    @rule(late=st.booleans())
    def end_and_claim(self, late: bool) -> None:
        hand = self.hands.pop(0)
        fence = hand.fence - 1 if late else hand.fence
        with self.database.transaction():
            (ended, following), _ = queue.end_and_claim(
                self.database,
                hand.item,
                Ending(ItemState.COMPLETED),
                fence=fence,
                wanted=Wanted("b", Priority.LOW),
                now_usec=self.now,
            )
        assert ended is not late
        assert not (late and following)
        self.hands += [hand] if late else [following] if following else []

    @precondition(lambda self: self.hands)
    @rule(after=st.none() | st.integers(1, 20), refund=st.booleans())
    def put_back(self, after: int | None, refund: bool) -> None:
        hand = self.hands.pop(0)
        photos = self.photo_rows()
        with self.database.transaction():
            queue.put_back(
                self.database,
                hand.item,
                fence=hand.fence,
                failure=None,
                retry_at_usec=None if after is None else self.now + after,
                refund=refund,
                now_usec=self.now,
            )
        self.photos_are_left_alone_by_archives(hand, photos)

    @precondition(lambda self: self.jobs())
    @rule(numbers=FEW)
    def cancel(self, numbers: list[int]) -> None:
        with self.database.transaction():
            verbs.cancel_jobs(
                self.database, self.chosen(numbers), failure=CANCELED, reason="r", now_usec=self.now
            )

    @precondition(lambda self: self.jobs())
    @rule(numbers=FEW, paused=st.booleans())
    def pause(self, numbers: list[int], paused: bool) -> None:
        try:
            with self.database.transaction():
                verbs.pause_jobs(self.database, self.chosen(numbers), paused=paused, now_usec=self.now)
        except InvalidJobState:
            assert any(not self.is_live(job) for job in self.chosen(numbers))

    @precondition(lambda self: self.jobs())
    @rule(numbers=FEW, priority=st.sampled_from(Priority))
    def prioritize(self, numbers: list[int], priority: Priority) -> None:
        try:
            with self.database.transaction():
                verbs.set_priority(self.database, self.chosen(numbers), priority, now_usec=self.now)
        except InvalidJobState:
            assert any(not self.is_live(job) for job in self.chosen(numbers))

    @precondition(lambda self: self.jobs())
    @rule(numbers=FEW, canceled=st.booleans())
    def retry(self, numbers: list[int], canceled: bool) -> None:
        try:
            with self.database.transaction():
                verbs.retry_jobs(
                    self.database, self.chosen(numbers), include_canceled=canceled, now_usec=self.now
                )
        except InvalidJobState:
            assert any(
                catalogue.read_job(self.database, job).ended_at_usec is None for job in self.chosen(numbers)
            )

    @precondition(lambda self: len(self.waiting_jobs()) > 1)
    @rule(first=st.integers(0, 30), second=st.integers(0, 30), to_end=st.booleans())
    def move(self, first: int, second: int, to_end: bool) -> None:
        before = self.waiting_jobs()
        moved, neighbour = before[first % len(before)], before[second % len(before)]
        rest = [job for job in before if job != moved]
        at = len(rest) if to_end or moved == neighbour else rest.index(neighbour)

        with self.database.transaction():
            target = None if at == len(rest) else neighbour
            verbs.move_jobs(self.database, [moved], before=target, now_usec=self.now)

        assert self.waiting_jobs() == [*rest[:at], moved, *rest[at:]]

    @precondition(lambda self: self.photos)
    @rule(session=st.sampled_from(SESSIONS), numbers=FEW, paused=st.booleans(), forced=st.booleans())
    def export(self, session: SessionId, numbers: list[int], paused: bool, forced: bool) -> None:
        known = self.rows("SELECT id FROM photo WHERE session_id = ? ORDER BY seq", session)
        wanted = [PhotoId(known[number % len(known)]["id"]) for number in numbers if known]
        background, asked_for = self.live(wanted, "develop", "backfill"), self.live(wanted, "export")
        runs = [item for item in background.values() if item["state"] == "running"]
        elsewhere = tuple(dict.fromkeys(item["job_id"] for item in asked_for.values()))
        enough = [job for job in elsewhere if self.makes_all(job, forced=forced)]
        spared = self.settled(enough) - background.keys()
        expected = [one for one in dict.fromkeys(wanted) if one not in asked_for and one not in spared]
        order = NewExport(
            session,
            tuple(wanted),
            "jpg",
            "export",
            CorrelationId("e"),
            paused=paused,
            creator="test",
            wish=Wish(forced=forced),
        )

        with self.database.transaction():
            exported, told = exports.start_export(self.database, order, now_usec=self.now)

        if runs:
            assert exported == MustStop(tuple(item["id"] for item in runs))
            assert told == []
            return
        assert isinstance(exported, Exported)
        assert exported.elsewhere == elsewhere
        assert exported.created is bool(expected)
        if not expected:
            joins = elsewhere[0] if elsewhere and len(enough) == len(elsewhere) else None
            assert exported.job_id == joins
            return
        items = self.rows("SELECT * FROM item WHERE job_id = ? ORDER BY turn", exported.job_id)
        assert [item["photo_id"] for item in items] == expected
        assert {item["state"] for item in items} <= {"queued"}
        assert exported.superseded == tuple(dict.fromkeys(item["job_id"] for item in background.values()))
        self.ends_as_superseded([item["id"] for item in background.values()], exported.job_id)

    def settled(self, jobs: Sequence[int]) -> set[str]:
        """Return the photos that exports came to a good end with, and that are still developed."""
        rows = self.rows(
            "SELECT item.job_id, photo.id FROM item JOIN photo ON photo.id = item.photo_id "
            "WHERE item.state IN ('completed', 'skipped') AND photo.state = 'developed'"
        )
        return {row["id"] for row in rows if row["job_id"] in jobs}

    def makes_all(self, job: int, *, forced: bool) -> bool:
        """Whether an export that is not being canceled makes all that another one would."""
        [row] = self.rows("SELECT canceling, forced FROM job WHERE id = ?", job)
        return not row["canceling"] and (bool(row["forced"]) or not forced)

    @precondition(lambda self: self.photos)
    @rule(
        sessions=st.lists(st.sampled_from(SESSIONS), min_size=1, max_size=3, unique=True),
        partial=st.booleans(),
        paused=st.booleans(),
        to=st.sampled_from(["/archive", "/other"]),
    )
    def archive(self, sessions: list[SessionId], partial: bool, paused: bool, to: str) -> None:
        known = archives.read_candidates(self.database, sessions)
        admission = admit(in_order(known, sessions), partial=partial)
        order = archives.NewArchive(
            Path(to), Selection(Contents.BOTH, partial), None, "archive", CorrelationId("a"), paused=paused
        )
        photos = self.photo_rows()

        with self.database.transaction():
            begun, _ = archives.begin_archive(
                self.database, order, admission.shares, asked=None, now_usec=self.now
            )
            if isinstance(begun, Begun):
                for share in begun.shares:
                    archives.add_items(self.database, order, begun.job_id, [share], now_usec=self.now)
                archives.complete_archive(
                    self.database, order, begun.job_id, refusal=admission.refusal, now_usec=self.now
                )

        assert self.photo_rows() == photos
        if isinstance(begun, Begun):
            job = catalogue.read_job(self.database, begun.job_id)
            assert job.progress.total == len(begun.shares)
            assert (job.state is JobState.FAILED) is (admission.refusal is not None)

    def photo_rows(self) -> list[tuple[object, ...]]:
        return [tuple(row) for row in self.rows("SELECT * FROM photo ORDER BY seq")]

    def photos_are_left_alone_by_archives(self, claim: Claim, before: list[tuple[object, ...]]) -> None:
        assert claim.job.kind is not JobKind.ARCHIVE or self.photo_rows() == before

    def ends_as_superseded(self, items: list[int], by: JobId | None) -> None:
        for number in items:
            item = catalogue.read_item_by_id(self.database, ItemId(number))
            assert item.state is ItemState.CANCELED
            assert item.failure is not None
            assert (item.failure.code, item.failure.context) == ("superseded", {"jobId": by})
            job = catalogue.read_job(self.database, item.job_id)
            assert "superseded" in job.state_reasons
            assert job.failure is None or job.failure.code != "superseded"

    def live(self, photos: list[PhotoId], *kinds: str) -> dict[str, Row]:
        """Return the live items of the photos in jobs of these kinds, in the order of the photos."""
        rows = self.rows(
            "SELECT item.*, job.kind FROM item JOIN job ON job.id = item.job_id "
            "WHERE item.state IN ('queued', 'running')"
        )
        found = {row["photo_id"]: row for row in rows if row["kind"] in kinds}
        return {photo: found[photo] for photo in photos if photo in found}

    def rows(self, query: str, *values: object) -> list[Row]:
        found: list[Row] = self.database._connection.execute(query, values).fetchall()
        return found

    def waiting_jobs(self) -> list[JobId]:
        page = catalogue.read_jobs(self.database, None, by_position=True, cursor=None, limit=1000)
        return [job.id for job in page.entries if job.state is not JobState.CANCELING]

    def is_live(self, job_id: JobId) -> bool:
        job = catalogue.read_job(self.database, job_id)
        return job.ended_at_usec is None and job.state is not JobState.CANCELING

    def waiting(self) -> list[Waiting]:
        rows = self.database._connection.execute("SELECT * FROM item WHERE state = 'queued'").fetchall()
        return [
            Waiting(
                priority=row["priority"],
                turn=row["turn"],
                position=row["position"],
                id=row["id"],
                ready=not row["held"] and (row["retry_at_usec"] is None or row["retry_at_usec"] <= self.now),
                session=row["session_id"],
                job=row["job_id"],
                photo=row["photo_id"],
                suspect=row["deaths"] > 0,
            )
            for row in rows
        ]

    def busy(self) -> Busy:
        rows = self.rows("SELECT photo_id, deaths FROM item WHERE state = 'running'")
        return Busy(frozenset(row["photo_id"] for row in rows), suspect=any(row["deaths"] for row in rows))

    @invariant()
    def counters_are_what_they_count(self) -> None:
        items = self.database._connection.execute("SELECT job_id, state FROM item").fetchall()
        live: Counter[str] = Counter()
        for job_id in self.jobs():
            counted = Counter(row["state"] for row in items if row["job_id"] == job_id)
            row = self.database.one("job_by_id", id=job_id)
            assert row is not None
            assert {state: row[state] for state in ItemState} == {
                state: counted[state] for state in ItemState
            }
            live += counted if row["ended_at_usec"] is None else Counter()
        tally = self.database.one("queue_totals")
        assert tally is not None
        assert {state: tally[state] for state in ItemState} == {state: live[state] for state in ItemState}

    @invariant()
    def sessions_count_their_photos(self) -> None:
        for session in SESSIONS:
            photos = catalogue.read_known_photos(self.database, session).values()
            states = Counter(photo.state for photo in photos)
            codes = [
                photo.failure and photo.failure.code for photo in photos if photo.state is PhotoState.FAILED
            ]
            assert catalogue.read_session(self.database, session).counts == Counts(
                photos=len(photos),
                developed=states[PhotoState.DEVELOPED],
                pending=sum(
                    states[state]
                    for state in (PhotoState.WAITING, PhotoState.DEVELOPING, PhotoState.OUTDATED)
                ),
                failed=len(codes) - codes.count("canceled"),
                canceled=codes.count("canceled"),
            )

    @invariant()
    def a_job_has_ended_when_nothing_of_it_is_left(self) -> None:
        for job_id in self.jobs():
            row = self.database.one("job_by_id", id=job_id)
            assert row is not None
            assert (row["ended_at_usec"] is not None) == (row["queued"] + row["running"] == 0)

    @invariant()
    def a_job_is_in_the_state_that_the_table_says(self) -> None:
        for job_id in self.jobs():
            job = catalogue.read_job(self.database, job_id)
            row = self.database.one("job_by_id", id=job_id)
            assert row is not None
            expected = job_state(
                job.progress,
                started=row["started_at_usec"] is not None,
                ended=row["ended_at_usec"] is not None,
                paused=bool(row["paused"]),
                canceling=bool(row["canceling"]),
            )
            assert job.state is expected

    @invariant()
    def jobs_and_items_move_as_the_tables_say(self) -> None:
        jobs = {job: catalogue.read_job(self.database, job).state for job in self.jobs()}
        items = {
            ItemId(row["id"]): ItemState(row["state"]) for row in self.rows("SELECT id, state FROM item")
        }

        for job, before in self.jobs_seen.items():
            assert jobs[job] in {before, *JOB_MOVES[before].values()}
        for item, state in self.items_seen.items():
            assert items[item] in {state, *ITEM_MOVES[state].values()}
        self.jobs_seen, self.items_seen = jobs, items

    @invariant()
    def a_photo_that_waits_is_in_the_queue_and_shows_nothing_of_exports(self) -> None:
        lost = self.rows(
            "SELECT id FROM photo WHERE state IN ('waiting', 'outdated') AND NOT EXISTS ("
            "SELECT 1 FROM item WHERE item.photo_id = photo.id AND item.recipe = 'jpg' "
            "AND item.state IN ('queued', 'running'))"
        )
        marked = self.rows("SELECT id FROM photo WHERE failure LIKE '%superseded%'")

        assert (lost, marked) == ([], [])

    @invariant()
    def a_photo_has_at_most_one_live_item(self) -> None:
        rows = self.database._connection.execute(
            "SELECT count(*) AS n FROM item WHERE state IN ('queued', 'running') GROUP BY photo_id, recipe"
        ).fetchall()
        assert all(row["n"] == 1 for row in rows)


TestQueue = pytest.mark.filterwarnings("default")(Queue.TestCase)
TestQueue.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
