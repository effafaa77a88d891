"""An upgrade of the pipeline asks nobody for a new archive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from darkroomd.core.model import CorrelationId, PhotoState
from darkroomd.core.naming import photo_id
from darkroomd.core.session_names import session_id
from darkroomd.store.desk import JobDesk
from darkroomd.store.exports import NewExport
from intake_house import PLAN, House, at_work, now_usec

pytestmark = pytest.mark.anyio

UPGRADED = replace(PLAN, pipeline="newer")
RAW = b"II*\0" + b"x" * 100
NAMES = {"a.nef", "b.nef"}


@pytest.fixture
async def session(tmp_path: Path) -> Path:
    """Return a session whose photos are all developed."""
    folder = tmp_path / "party"
    (folder / "Raw").mkdir(parents=True)
    for name in NAMES:
        (folder / "Raw" / name).write_bytes(RAW)
    async with at_work(tmp_path, sessions=[folder]) as house:
        await house.until(lambda: sum(count for _, count in house.jobs()) == len(NAMES))
        await house.develop_all()
    return folder


def lose_database(folder: Path) -> None:
    for path in folder.glob("queue.db*"):
        path.unlink()


async def states(house: House, session: Path) -> dict[str, PhotoState]:
    photos = await house.store.known_photos(session_id(session))
    return {name: photo.state for name, photo in photos.items()}


def are_outdated(house: House) -> bool:
    outdated = {
        told.photo.name
        for told in house.told
        if told.photo is not None and told.photo.state is PhotoState.OUTDATED
    }
    return outdated == NAMES


async def test_photos_of_an_older_pipeline_are_shown_as_outdated_and_left_alone(
    tmp_path: Path, session: Path
) -> None:
    async with at_work(tmp_path, sessions=[session], plan=UPGRADED) as house:
        await house.until(lambda: are_outdated(house))

        found, jobs = await states(house, session), house.jobs()
        counts = (await house.store.session(session_id(session))).counts
        totals = (await house.store.totals.get()).counts

    assert found == dict.fromkeys(NAMES, PhotoState.OUTDATED)
    assert jobs == []
    assert (counts.photos, counts.developed, counts.pending) == (2, 0, 0)
    assert (totals.aged, totals.pending) == (2, 0)


async def test_the_pipeline_that_developed_photos_finds_them_up_to_date_again(
    tmp_path: Path, session: Path
) -> None:
    async with at_work(tmp_path, sessions=[session], plan=UPGRADED) as house:
        await house.until(lambda: are_outdated(house))

    async with at_work(tmp_path, sessions=[session]) as house:
        await house.until(lambda: len([one for one in house.told if one.kind == "photo.changed"]) == 2)
        found, jobs = await states(house, session), house.jobs()
        counts = (await house.store.session(session_id(session))).counts
        totals = (await house.store.totals.get()).counts

    assert found == dict.fromkeys(NAMES, PhotoState.DEVELOPED)
    assert jobs == []
    assert (counts.developed, counts.pending) == (2, 0)
    assert totals.aged == 0


async def test_a_photo_of_an_older_pipeline_that_is_exported_is_pending(
    tmp_path: Path, session: Path
) -> None:
    async with at_work(tmp_path, sessions=[session], plan=UPGRADED) as house:
        await house.until(lambda: are_outdated(house))
        identity = session_id(session)
        export = NewExport(identity, (photo_id(identity, "a.nef"),), "jpg", "mine", CorrelationId("c"))
        await JobDesk(house.store.front).export(export, now_usec=now_usec())
        waiting = (await house.store.session(identity)).counts
        await house.develop_all()
        counts = (await house.store.session(identity)).counts

    assert (waiting.developed, waiting.pending) == (0, 1)
    assert (counts.developed, counts.pending) == (1, 0)


async def test_the_same_holds_where_the_database_was_lost(tmp_path: Path, session: Path) -> None:
    lose_database(tmp_path)

    async with at_work(tmp_path, sessions=[session], plan=UPGRADED) as house:
        await house.until(lambda: are_outdated(house))

        found, jobs = await states(house, session), house.jobs()

    assert found == dict.fromkeys(NAMES, PhotoState.OUTDATED)
    assert jobs == []


async def test_a_photo_that_changed_is_developed_with_the_new_pipeline(tmp_path: Path, session: Path) -> None:
    (session / "Raw" / "a.nef").write_bytes(RAW + b"!")

    async with at_work(tmp_path, sessions=[session], plan=UPGRADED) as house:
        await house.until(lambda: sum(count for _, count in house.jobs()) == 1)
        developed = [photo.name for photo in await house.develop_all()]

    assert developed == ["a.nef"]
