"""What is recorded of a photo's end before the database says it stays recorded if the database says it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from darkroom.protocol.types import ItemState
from darkroomd.core.model import Claim, Happening, JobKind, Photo, SessionId
from darkroomd.files.documents import DOCUMENT_NAME
from darkroomd.services.session_records import SessionRecords
from darkroomd.store.queue import Ending
from darkroomd.store.store import Store, open_store
from standing import FAILURE, NOW, SESSION, arrival, output_of

pytestmark = pytest.mark.anyio


@dataclass
class Desk:
    """A photo that is being developed, the last of its session, and the record of the session."""

    store: Store
    records: SessionRecords
    folder: Path
    claim: Claim
    told: list[Happening] = field(default_factory=list[Happening])

    @property
    def ending(self) -> Ending:
        return Ending(ItemState.COMPLETED, output=output_of(self.claim.photo))

    async def end(self) -> bool:
        return await self.store.end(self.claim.item, self.ending, fence=self.claim.fence, now_usec=NOW)

    async def put_back(self) -> None:
        await self.store.put_back(
            self.claim.item,
            fence=self.claim.fence,
            failure=None,
            retry_at_usec=None,
            refund=True,
            now_usec=NOW,
        )

    def is_recorded(self) -> bool:
        """Whether the record says that the photo is developed."""
        document = json.loads((self.folder / DOCUMENT_NAME).read_bytes())
        return any(photo["backgroundExportCompleted"] for photo in document["photos"])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    folder = tmp_path / "wedding"
    (folder / "Raw").mkdir(parents=True)
    async with desk_in(folder, tmp_path / "queue.db") as desk:
        yield desk


@asynccontextmanager
async def desk_in(folder: Path, database: Path) -> AsyncIterator[Desk]:
    records: list[SessionRecords] = []

    def tell(happening: Happening) -> None:
        for one in records:
            one.notice(happening)

    async with open_store(database, tell) as store:
        records.append(SessionRecords(store))
        await store.add_session(folder, name="wedding", session_id=SESSION, now_usec=NOW)
        await store.arrive(arrival("A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
        claim = await store.claim(boot="b", now_usec=NOW)
        assert claim is not None
        yield Desk(store, records[0], folder, claim)


async def test_an_end_is_recorded_before_the_database_says_it(desk: Desk) -> None:
    async with desk.records.foretelling(desk.claim, desk.ending):
        recorded = desk.is_recorded()
        await desk.end()

    assert recorded
    assert desk.is_recorded()


async def test_what_is_foretold_outlasts_a_writing_that_comes_before_the_database_says_it(desk: Desk) -> None:
    async with desk.records.foretelling(desk.claim, desk.ending):
        # For whatever reason: another photo has arrived, or the record is looked at again.
        desk.records.mark(SESSION)
        await desk.records.flush()
        between = desk.is_recorded()
        await desk.end()

    assert between
    assert desk.is_recorded()


async def test_a_writing_that_looked_before_the_database_said_it_takes_nothing_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = desk.store.known_photos

    async def end_after_the_look(session_id: SessionId) -> dict[str, Photo]:
        photos = await look(session_id)
        await desk.end()
        return photos

    async with desk.records.foretelling(desk.claim, desk.ending):
        desk.records.mark(SESSION)
        monkeypatch.setattr(desk.store, "known_photos", end_after_the_look)
        await desk.records.flush()
    monkeypatch.undo()

    assert desk.is_recorded()


async def test_another_photo_that_ends_meanwhile_takes_nothing_back(desk: Desk) -> None:
    await desk.store.arrive(arrival("B.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    other = await desk.store.claim(boot="b", now_usec=NOW)
    assert other is not None
    await desk.store.end(
        desk.claim.item, Ending(ItemState.FAILED, failure=FAILURE), fence=desk.claim.fence, now_usec=NOW
    )
    last = Desk(desk.store, desk.records, desk.folder, other)
    async with desk.records.foretelling(last.claim, last.ending):
        await desk.store.arrive(arrival("C.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
        await desk.records.flush()
        between = last.is_recorded()
        await last.end()
    await desk.records.flush()

    assert between
    assert last.is_recorded()


async def test_what_the_database_does_not_say_is_taken_back(desk: Desk) -> None:
    async with desk.records.foretelling(desk.claim, desk.ending):
        foretold = desk.is_recorded()
        await desk.put_back()
        ended = await desk.end()
    await desk.records.flush()

    assert (foretold, ended) == (True, False)
    assert not desk.is_recorded()


async def test_what_could_not_be_stored_is_taken_back(desk: Desk) -> None:
    with pytest.raises(OSError, match="full"):
        async with desk.records.foretelling(desk.claim, desk.ending):
            raise OSError("The disk is full.")
    await desk.records.flush()

    assert not desk.is_recorded()
