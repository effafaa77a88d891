"""Outputs that somebody deletes, or that are destroyed, while the daemon runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from darkroomd.core.model import JobKind, PhotoState
from darkroomd.core.session_names import session_id
from intake_house import House, at_work

pytestmark = pytest.mark.anyio

RAW = b"II*\0" + b"x" * 100
SCAN_SECONDS = 0.2


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "party"
    (folder / "Raw").mkdir(parents=True)
    return folder


async def develop(house: House, session: Path, *names: str) -> None:
    for name in names:
        (session / "Raw" / name).write_bytes(RAW)
        await house.until_told("photo.added", name)
    await house.develop_all()


async def until(house: House, name: str, state: PhotoState) -> None:
    await house.until(
        lambda: any(
            one.photo is not None and one.photo.name == name and one.photo.state is state
            for one in house.told[len(house.told) - 3 :]
        )
    )


async def test_a_deleted_output_is_made_again_behind_what_arrives(tmp_path: Path, session: Path) -> None:
    async with at_work(tmp_path, sessions=[session], scan_seconds=SCAN_SECONDS) as house:
        await house.until_watched(session)
        await develop(house, session, "a.nef", "b.nef")
        (session / "Jpg" / "a.jpg").unlink()
        await house.until(lambda: house.jobs()[-1][0] is JobKind.BACKFILL)
        photos = await house.store.known_photos(session_id(session))
        await house.develop_all()

    assert photos["a.nef"].state is PhotoState.OUTDATED
    assert photos["b.nef"].state is PhotoState.DEVELOPED
    assert house.jobs()[2:] == [(JobKind.BACKFILL, 1)]
    assert (session / "Jpg" / "a.jpg").exists()


async def test_an_output_that_is_taken_away_again_and_again_is_only_said_to_be_gone(
    tmp_path: Path, session: Path
) -> None:
    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[session], scan_seconds=SCAN_SECONDS) as house:
            await house.until_watched(session)
            await develop(house, session, "a.nef")
            (session / "Jpg" / "a.jpg").unlink()
            await house.until(lambda: len(house.jobs()) == 2)
            await house.develop_all()
            (session / "Jpg" / "a.jpg").unlink()
            await until(house, "a.nef", PhotoState.OUTDATED)

    assert len(house.jobs()) == 2
    assert [log["event"] for log in logs].count("output_gone") == 2


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xd8'a", id="cut-off"),
        pytest.param(b"a\xff\xd9", id="headless"),
    ],
)
async def test_an_output_that_is_no_picture_any_more_is_made_again_once_like_a_deleted_one(
    tmp_path: Path, session: Path, rest: bytes
) -> None:
    output = session / "Jpg" / "a.jpg"
    async with at_work(tmp_path, sessions=[session], scan_seconds=SCAN_SECONDS) as house:
        await house.until_watched(session)
        await develop(house, session, "a.nef")
        output.write_bytes(rest)
        await house.until(lambda: len(house.jobs()) == 2)
        await house.develop_all()
        made_again = output.read_text()
        output.write_bytes(rest)
        await until(house, "a.nef", PhotoState.OUTDATED)

    assert made_again == "'a.nef'"
    assert house.jobs() == [(JobKind.DEVELOP, 1), (JobKind.BACKFILL, 1)]


async def test_a_shot_that_is_deleted_with_its_output_is_missing(tmp_path: Path, session: Path) -> None:
    async with at_work(tmp_path, sessions=[session], scan_seconds=SCAN_SECONDS) as house:
        await house.until_watched(session)
        await develop(house, session, "a.nef")
        (session / "Jpg" / "a.jpg").unlink()
        (session / "Raw" / "a.nef").unlink()
        await house.until_told("photo.missing", "a.nef")

    assert house.jobs() == [(JobKind.DEVELOP, 1)]


async def test_an_output_folder_that_is_gone_is_made_again_with_all_in_it(
    tmp_path: Path, session: Path
) -> None:
    async with at_work(tmp_path, sessions=[session], scan_seconds=SCAN_SECONDS) as house:
        await house.until_watched(session)
        await develop(house, session, "a.nef", "b.nef")
        (session / "Jpg").rename(tmp_path / "taken")
        await house.until(lambda: len(house.jobs()) == 3)
        developed = await house.develop_all()

    assert house.jobs()[2] == (JobKind.BACKFILL, 2)
    assert {photo.name for photo in developed} == {"a.nef", "b.nef"}
