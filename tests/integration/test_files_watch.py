from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from darkroomd.files.watch import MOST_STUMBLES, Change, FolderWatch, Hint, Target, find_targets

pytestmark = pytest.mark.anyio


class Heard:
    """Collects what a watch tells, and lets a test wait for it."""

    def __init__(self) -> None:
        self.hints: list[Hint] = []
        self.armed: list[frozenset[Path]] = []
        self.troubles: list[str] = []
        self._news = anyio.Event()

    def hear(self, hints: Iterable[Hint]) -> None:
        self.hints.extend(hints)
        self._news.set()

    def arm(self, targets: frozenset[Target]) -> None:
        self.armed.append(frozenset(target.path for target in targets))
        self._news.set()

    def trouble(self, problem: str) -> None:
        self.troubles.append(problem)
        self._news.set()

    @property
    def names(self) -> set[str]:
        return {hint.name for hint in self.hints}

    async def until_named(self, *names: str) -> None:
        while not self.names.issuperset(names):
            await self.news()

    async def until_armed(self, times: int) -> None:
        while len(self.armed) < times:
            await self.news()

    async def news(self) -> None:
        with anyio.fail_after(20):
            await self._news.wait()
        self._news = anyio.Event()


@asynccontextmanager
async def watching(heard: Heard) -> AsyncIterator[FolderWatch]:
    watch = FolderWatch(on_hints=heard.hear, on_armed=heard.arm, on_trouble=heard.trouble)
    async with anyio.create_task_group() as group:
        await group.start(watch.run)
        yield watch
        left_at = anyio.current_time()
        group.cancel_scope.cancel()
    # A watcher that is left to itself takes five seconds to go.
    assert anyio.current_time() - left_at < 2


async def test_names_that_come_change_and_go_are_told(tmp_path: Path) -> None:
    heard = Heard()
    (tmp_path / "old").touch()

    async with watching(heard) as watch:
        watch.watch(find_targets([tmp_path]))
        await heard.until_armed(1)
        (tmp_path / "new\nline").touch()
        (tmp_path / "old").rename(tmp_path / "renamed")
        await heard.until_named("new\nline", "old", "renamed")

    assert {hint.name: hint.change for hint in heard.hints}["old"] is Change.DELETED
    assert {hint.folder for hint in heard.hints} == {tmp_path}
    assert watch.armed == frozenset([tmp_path])


async def test_what_is_below_a_watched_folder_is_not_told(tmp_path: Path) -> None:
    heard = Heard()
    (tmp_path / "below").mkdir()

    async with watching(heard) as watch:
        watch.watch(find_targets([tmp_path]))
        await heard.until_armed(1)
        (tmp_path / "below" / "hidden").touch()
        (tmp_path / "seen").touch()
        await heard.until_named("seen")

    assert "hidden" not in heard.names


async def test_nothing_is_lost_while_folders_are_added(tmp_path: Path) -> None:
    heard = Heard()
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()

    async with watching(heard) as watch:
        watch.watch(find_targets(folders[:1]))
        await heard.until_armed(1)
        expected: list[str] = []
        for count in range(2, 5):
            watch.watch(find_targets(folders[:count]))
            while len(heard.armed) < count:
                expected.append(f"{count}-{len(expected)}")
                (folders[0] / expected[-1]).touch()
                with anyio.move_on_after(0.02):
                    await heard.news()
        await heard.until_named(*expected)

    assert heard.armed == [frozenset([folder]) for folder in folders]
    assert len(expected) > 10


async def test_a_folder_that_was_made_anew_is_another_target(tmp_path: Path) -> None:
    heard = Heard()
    raw, keep = tmp_path / "Raw", tmp_path / "keep"
    raw.mkdir()

    async with watching(heard) as watch:
        watch.watch(find_targets([raw]))
        await heard.until_armed(1)
        # Kept aside, so that the new folder cannot get the old one's number.
        raw.rename(keep)
        raw.mkdir()
        watch.watch(find_targets([raw]))
        await heard.until_armed(2)
        (raw / "new").touch()
        await heard.until_named("new")

    assert heard.armed == [frozenset([raw]), frozenset([raw])]


async def test_a_watcher_that_stumbles_over_a_name_is_replaced_at_once(tmp_path: Path) -> None:
    heard = Heard()

    async with watching(heard) as watch:
        watch.watch(find_targets([tmp_path]))
        await heard.until_armed(1)
        (tmp_path / os.fsdecode(b"\xff.nef")).touch()
        await heard.until_armed(2)
        problem = watch.problem
        (tmp_path / "after").touch()
        await heard.until_named("after")

    # All folders are told as new: what happened meanwhile nobody heard.
    assert heard.armed == [frozenset([tmp_path])] * 2
    assert (heard.troubles, problem) == ([], None)


async def test_a_watcher_that_stumbles_again_and_again_is_a_trouble_and_tried_again(tmp_path: Path) -> None:
    heard = Heard()

    async with watching(heard) as watch:
        watch.watch(find_targets([tmp_path]))
        for count in range(MOST_STUMBLES + 1):
            await heard.until_armed(count + 1)
            (tmp_path / os.fsdecode(b"\xff%d.nef" % count)).touch()
        while not heard.troubles:
            await heard.news()
        problem = watch.problem
        await heard.until_armed(MOST_STUMBLES + 2)
        (tmp_path / "after").touch()
        await heard.until_named("after")

    assert "decode" in heard.troubles[0]
    assert problem == heard.troubles[0]
    assert watch.problem is None


async def test_a_target_that_went_meanwhile_is_a_trouble_until_other_ones_are_given(tmp_path: Path) -> None:
    heard = Heard()
    stays, goes = tmp_path / "stays", tmp_path / "goes"
    stays.mkdir()
    goes.mkdir()
    both = find_targets([stays, goes])
    goes.rmdir()

    async with watching(heard) as watch:
        watch.watch(find_targets([stays]))
        await heard.until_armed(1)
        watch.watch(both)
        while not heard.troubles:
            await heard.news()
        # Until then the old watcher is better than none.
        (stays / "one").touch()
        await heard.until_named("one")
        watch.watch(find_targets([stays, goes]))
        await heard.until_armed(2)
        (stays / "two").touch()
        await heard.until_named("two")

    assert "No such file" in heard.troubles[0]


async def test_a_folder_that_was_made_anew_under_its_old_number_can_be_watched_anew(tmp_path: Path) -> None:
    heard = Heard()

    async with watching(heard) as watch:
        watch.watch(find_targets([tmp_path]))
        await heard.until_armed(1)
        watch.watch(find_targets([tmp_path]), anew=True)
        await heard.until_armed(2)

    assert heard.armed[1] == frozenset([tmp_path])


def test_only_folders_that_are_there_and_can_be_told_are_targets(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff")
    odd.mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)

    found = find_targets([tmp_path, odd, tmp_path / "file", tmp_path / "link", tmp_path / "missing"])

    assert {target.path for target in found} == {tmp_path}


async def test_watching_nothing_any_more_is_told_too(tmp_path: Path) -> None:
    heard = Heard()

    async with watching(heard) as watch:
        watch.watch(find_targets([tmp_path]))
        await heard.until_armed(1)
        watch.watch(frozenset())
        await heard.until_armed(2)

    assert watch.armed == frozenset()
