"""What is looked at, and when, beside what the watcher tells of."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from darkroomd.core.intake import Vanished
from darkroomd.core.model import RAW_FOLDER
from darkroomd.core.places import Root
from darkroomd.core.scan_pace import ScanPace
from darkroomd.core.session_names import root_id, session_id
from darkroomd.files import mounts
from darkroomd.files.scan import RootListing
from darkroomd.files.watch import Change, Hint
from darkroomd.services.lookout import Lookout
from darkroomd.services.roots import WatchedRoot
from darkroomd.services.session_intake import BURST_HINTS, Presence, SessionIntake
from intake_house import PATIENCE_SECONDS, House, at_work, now_usec

pytestmark = pytest.mark.anyio

RAW = b"II*\0" + b"x" * 100
NEVER_SECONDS = 1e7
"""Between two looks that nobody asks for."""


@dataclass(frozen=True, slots=True)
class Post:
    """A root with one session in it, at which nobody looks by himself for a long time."""

    house: House
    root: WatchedRoot
    session: SessionIntake
    lookout: Lookout
    woken: anyio.Event

    @property
    def raw(self) -> Path:
        return self.session.raw


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    folder = tmp_path / "root" / "party"
    (folder / RAW_FOLDER).mkdir(parents=True)
    async with at_work(tmp_path, scan_seconds=NEVER_SECONDS) as house:
        known = await house.store.add_session(
            folder, name="party", session_id=session_id(folder), now_usec=now_usec()
        )
        session = SessionIntake(known, house.around, appeared=False)
        session.note_watched(frozenset((folder, session.raw)), polled=0)
        await session.attend()
        root = watched_root(folder.parent, remote=False)
        woken = anyio.Event()
        lookout = Lookout({folder: session}, {root.folder: root}, house.around.options, wake=woken.set)
        yield Post(house, root, session, lookout, woken)


def watched_root(folder: Path, *, remote: bool) -> WatchedRoot:
    """Return a root that was just listed."""
    pace = ScanPace(scan_seconds=NEVER_SECONDS, poll_seconds=NEVER_SECONDS)
    root = WatchedRoot(Root(root_id(folder), folder), pace, remote=remote)
    now = anyio.current_time()
    pace.begin(now=now)
    root.found(RootListing(sessions=(folder / "party",), others=(folder / "other",)))
    pace.found(now=now, watched=True, took_seconds=0.0, polled=0)
    return root


def is_due(post: Post) -> tuple[bool, bool]:
    """Whether root and session are to be looked at as soon as possible."""
    return post.root.pace.at == -math.inf, post.session.next_due() == -math.inf


async def test_all_that_a_new_watcher_listens_to_is_looked_at(post: Post) -> None:
    before = is_due(post)

    await post.lookout.choose()
    async with anyio.create_task_group() as group:
        await group.start(post.lookout.run)
        with anyio.fail_after(PATIENCE_SECONDS):
            await post.woken.wait()
        group.cancel_scope.cancel()

    assert post.session.presence is Presence.PRESENT
    assert (before, is_due(post)) == ((False, False), (True, True))


async def test_all_is_looked_at_when_the_watcher_fails(post: Post) -> None:
    before = is_due(post)

    await post.lookout.choose()
    # It goes between the choice and the watching.
    post.raw.rename(post.raw.with_name("away"))
    async with anyio.create_task_group() as group:
        await group.start(post.lookout.run)
        with anyio.fail_after(PATIENCE_SECONDS):
            await post.woken.wait()
        group.cancel_scope.cancel()

    assert post.lookout.problem is not None
    assert (before, is_due(post)) == ((False, False), (True, True))


async def test_a_burst_of_hints_is_followed_by_a_look_at_the_whole_folder(post: Post) -> None:
    (post.raw / "untold.nef").write_bytes(RAW)
    told = [Hint(post.raw, f"{number}.nef", Change.MODIFIED) for number in range(BURST_HINTS)]

    post.session.take_hints(told, Vanished((), frozenset()))

    with anyio.fail_after(PATIENCE_SECONDS):
        while not post.house.of("photo.added", "untold.nef"):
            await anyio.sleep_until(post.session.next_due())
            await post.session.attend()


async def test_photos_that_are_heard_of_at_one_moment_come_in_order_of_name(post: Post) -> None:
    names = ["IMG_3.nef", "IMG_1.nef", "IMG_2.nef"]
    for name in names:
        (post.raw / name).write_bytes(RAW)

    post.session.take_hints([Hint(post.raw, name, Change.ADDED) for name in names], Vanished((), frozenset()))
    with anyio.fail_after(PATIENCE_SECONDS):
        while not post.house.of("photo.arriving", "IMG_3.nef"):
            await anyio.sleep_until(post.session.next_due())
            await post.session.attend()

    arrived = [told.photo.name for told in post.house.told if told.kind == "photo.arriving" and told.photo]
    assert arrived == sorted(names)


async def test_nothing_on_a_share_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, post: Post
) -> None:
    here = (post.session.targets, post.root.targets)
    table = tmp_path / "mountinfo"
    table.write_text("21 1 0:25 / / rw - nfs4 server:/photos rw\n")
    monkeypatch.setattr(mounts, "MOUNTS", table)

    session = SessionIntake(post.session.session, post.house.around, appeared=False)
    root = watched_root(post.root.folder, remote=True)

    assert here == ((post.raw.parent, post.raw), (post.root.folder, post.root.folder / "other"))
    assert (session.targets, root.targets) == ((), ())


async def test_what_is_moved_from_another_watched_folder_needs_no_time_to_settle(tmp_path: Path) -> None:
    names = [f"{number}.nef" for number in range(5)]
    source, target = tmp_path / "a", tmp_path / "b"
    for session in (source, target):
        (session / RAW_FOLDER).mkdir(parents=True)

    async with at_work(tmp_path, sessions=[source, target], quiet_seconds=NEVER_SECONDS) as house:
        await house.until_watched(source)
        await house.until_watched(target)
        for name in names:
            write_by_a_clock_that_is_fast(source / RAW_FOLDER / name)
            await house.until_told("photo.arriving", name)
            move(source / RAW_FOLDER / name, target / RAW_FOLDER / name)
        # A move is told as two events, which the watcher may pass on one after the other.
        await house.until(lambda: any(house.of("photo.added", name) for name in names))

    assert {one.photo.session_id for one in house.told if one.kind == "photo.added" and one.photo} == {
        session_id(target)
    }


def write_by_a_clock_that_is_fast(path: Path) -> None:
    """Write a file whose times do not tell that it was moved."""
    path.write_bytes(RAW)
    os.utime(path, (4_000_000_000, 4_000_000_000))


def move(source: Path, target: Path) -> None:
    source.rename(target)
