"""Roots and sessions in the real database: kept, moved and forgotten."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from darkroom.errors import NoSuchSession
from darkroom.protocol.types import Failure, ItemState
from darkroomd.core.model import (
    Arrival,
    CorrelationId,
    Fingerprint,
    Inputs,
    JobId,
    JobKind,
    Output,
    OutputId,
    RootId,
    Session,
    SessionId,
)
from darkroomd.core.naming import photo_id
from darkroomd.core.places import FolderIdentity, Root
from darkroomd.store.arrivals import NewJob
from darkroomd.store.desk import JobDesk
from darkroomd.store.history import History
from darkroomd.store.places import PlaceBook
from darkroomd.store.queue import Ending
from darkroomd.store.store import Store, open_store

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000
OLD = Path("/photos") / os.fsdecode(b"od\xffd\n")
HUGE = FolderIdentity(1, 2**64 - 1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "queue.db", lambda _: None) as store:
        yield store


async def add(store: Store, folder: Path = OLD, name: str = "party-1") -> Session:
    return await store.add_session(folder, name="party", session_id=SessionId(name), now_usec=NOW)


def arrival(session: Session, name: str) -> Arrival:
    return Arrival(
        session_id=session.id,
        name=name,
        fingerprint=Fingerprint(device=1, inode=2, size_bytes=9, mtime_ns=5, ctime_ns=6),
        look="look",
        preset_id="neutral",
        unsupported=(),
        warnings=(),
        correlation_id=CorrelationId("c-1"),
        arrived_at_usec=NOW,
    )


async def develop_one(store: Store) -> None:
    claim = await store.claim(boot="boot", now_usec=NOW)
    assert claim is not None
    output = Output(
        id=OutputId(f"out-{claim.photo.id}"),
        photo_id=claim.photo.id,
        recipe="jpg",
        path=claim.session.folder / "Jpg" / f"{claim.photo.name}.jpg",
        media_type="image/jpeg",
        size_bytes=9,
        mtime_ns=1,
        sha256="a" * 64,
        inputs=Inputs(claim.photo.fingerprint, "b" * 64, "look", "recipe", "pipeline"),
        created_at_usec=NOW,
    )
    await store.end(claim.item, Ending(ItemState.COMPLETED, output=output), fence=claim.fence, now_usec=NOW)


async def backlog(store: Store, session: Session, *names: str, into: JobId | None = None) -> JobId | None:
    job = NewJob(JobKind.BACKFILL, session.id, "party", CorrelationId("c"))
    found = [arrival(session, name) for name in names]
    return await store.arrive_many(found, job=job, recipe="jpg", into=into, now_usec=NOW)


async def test_outputs_follow_a_session_whatever_their_names(store: Store) -> None:
    session, book = await add(store), PlaceBook(store.front)
    neighbour = await add(store, Path(f"{OLD}-2"), "other-1")
    await backlog(store, session, os.fsdecode(b"\xfe.nef"))
    await develop_one(store)
    await backlog(store, neighbour, "b.nef")
    await develop_one(store)
    new = Path("/elsewhere/結婚式")

    moved = await book.move_session(session.id, new, name="結婚式", identity=HUGE, now_usec=NOW + 1)

    photo = (await store.known_photos(session.id))[os.fsdecode(b"\xfe.nef")]
    other = (await store.known_photos(neighbour.id))["b.nef"]
    assert (moved.id, moved.folder, moved.name) == (session.id, new, "結婚式")
    assert photo.outputs[0].path == new / "Jpg" / os.fsdecode(b"\xfe.nef.jpg")
    assert other.outputs[0].path == neighbour.folder / "Jpg" / "b.nef.jpg"
    assert [one.id for one, _ in await book.sessions_like(FolderIdentity(7, HUGE.inode))] == [session.id]


async def test_the_old_name_of_a_session_is_free_for_another(store: Store) -> None:
    session = await add(store)
    await PlaceBook(store.front).move_session(
        session.id, Path("/new"), name="new", identity=HUGE, now_usec=NOW
    )

    other = await add(store)

    assert (other.id, other.folder) == (SessionId("party-1-2"), OLD)
    assert await add(store) == other


async def test_a_session_with_live_jobs_is_not_forgotten(store: Store) -> None:
    session, book = await add(store), PlaceBook(store.front)
    job = await backlog(store, session, "a.nef")

    live = await book.remove_session(session.id, forgotten=True, now_usec=NOW)

    assert live == (job,) == await book.live_jobs(session.id)
    assert await store.session(session.id)
    assert await book.forgotten() == {}


async def test_a_forgotten_session_leaves_nothing_but_its_figures(store: Store, tmp_path: Path) -> None:
    session, book = await add(store), PlaceBook(store.front)
    await book.note_identity(session.id, HUGE)
    # So many at once that what is kept of them names them only.
    await backlog(store, session, *(f"{number}.nef" for number in range(300)))
    await develop_one(store)
    jobs = await book.live_jobs(session.id)
    failure = Failure(code="canceled", message="It was canceled.", transient=False, context={})
    await JobDesk(store.front).cancel(jobs, failure=failure, reason="canceled_by_client", now_usec=NOW)
    history = History(store.front)
    _, newest = await history.span()

    live = await book.remove_session(session.id, forgotten=True, now_usec=NOW)

    facts = await history.facts_after(0, limit=10_000)
    with closing(sqlite3.connect(tmp_path / "queue.db")) as database:
        left = {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - of the schema
            for table in ("session", "photo", "output", "job", "item", "lane", "sample", "forgotten")
        }
    assert live == ()
    assert left == {
        "session": 0, "photo": 0, "output": 0, "job": 0, "item": 0, "lane": 0, "sample": 1, "forgotten": 1,
    }  # fmt: skip
    assert [fact.kind for fact in facts if (fact.sequence or 0) > newest] == [
        "job.removed",
        "session.removed",
    ]
    assert await book.forgotten() == {OLD: HUGE}
    with pytest.raises(NoSuchSession):
        await book.remove_session(session.id, forgotten=True, now_usec=NOW)


async def test_a_session_that_is_added_again_is_no_longer_left_alone(store: Store) -> None:
    session, book = await add(store), PlaceBook(store.front)
    await book.remove_session(session.id, forgotten=True, now_usec=NOW)

    added = await book.add_session(
        OLD, name="party", session_id=session.id, preset_id="bw", identity=HUGE, now_usec=NOW
    )

    assert await book.forgotten() == {}
    assert (added.preset_id, await book.added_sessions()) == ("bw", (added,))


async def test_a_root_is_kept_until_it_is_removed(store: Store) -> None:
    book, root = PlaceBook(store.front), Root(RootId("photos-1"), OLD.parent)
    await book.add_root(root, now_usec=NOW)
    await book.add_root(root, now_usec=NOW)
    session = await add(store)
    await book.remove_session(session.id, forgotten=True, now_usec=NOW)
    kept = await book.roots()

    await book.remove_root(root.id, root.folder)

    assert kept == (root,)
    assert (await book.roots(), await book.forgotten()) == ((), {})


async def test_a_backlog_joins_its_job_as_long_as_that_goes_on(store: Store) -> None:
    session, desk = await add(store), JobDesk(store.front)
    first = await backlog(store, session, "a.nef")
    assert first is not None
    await desk.pause([first], paused=True, now_usec=NOW)

    joined = await backlog(store, session, "b.nef", into=first)
    held = await store.claim(boot="boot", now_usec=NOW)
    await desk.pause([first], paused=False, now_usec=NOW)
    await develop_one(store)
    await develop_one(store)
    ended = await backlog(store, session, "c.nef", into=first)
    cleared = await backlog(store, session, "d.nef", into=JobId(999))

    assert (joined, held) == (first, None)
    assert (await store.job(first)).progress.completed == 2
    assert ended is not None
    assert cleared is not None
    assert len({first, ended, cleared}) == 3
    assert (await store.photo(photo_id(session.id, "b.nef"))).state == "developed"
