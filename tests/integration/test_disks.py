"""A disk that does not answer holds up nobody but itself."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from darkroomd.files.mounts import Mount
from darkroomd.services.disks import MOST_STUCK, Disks, Ear

pytestmark = pytest.mark.anyio

DEAD = Path("/mnt/dead/session")
ALIVE = Path("/mnt/alive/session")
LONGEST_WAIT_SECONDS = 20.0


def by_second_part(path: Path) -> Mount:
    return Mount(Path(*path.parts[:3]), remote=True)


def all_local(path: Path) -> Mount:
    return Mount(Path(*path.parts[:3]), remote=False)


@pytest.fixture
def answers() -> Iterator[threading.Event]:
    """Whether the dead share answers; at the end it does, so that no thread is left."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def hang(answers: threading.Event) -> Callable[[], bool]:
    return lambda: answers.wait(LONGEST_WAIT_SECONDS)


async def leave_hanging(disks: Disks, work: Callable[[], object]) -> None:
    """Have the work hang in its thread, and nobody wait for it any more."""
    begun = threading.Event()

    def hang() -> None:
        begun.set()
        work()

    # On a busy machine a thread may not have begun when its time is over already.
    while not begun.is_set():
        with pytest.raises(TimeoutError):
            await disks.do(DEAD, hang, patience_seconds=0.01)


async def test_work_is_done_and_its_error_is_the_caller_s(tmp_path: Path) -> None:
    disks = Disks()

    done = await disks.do(tmp_path, lambda: 7)
    with pytest.raises(FileNotFoundError):
        await disks.do(tmp_path, (tmp_path / "missing").stat)

    assert done == 7


@pytest.mark.parametrize("find_mount", [by_second_part, all_local], ids=["remote", "local"])
async def test_a_disk_that_does_not_answer_is_given_up(
    hang: Callable[[], bool], find_mount: Callable[[Path], Mount]
) -> None:
    disks = Disks(patience_seconds=0.01, find_mount=find_mount)

    with anyio.fail_after(LONGEST_WAIT_SECONDS / 2), pytest.raises(TimeoutError) as caught:
        await disks.do(DEAD, hang)

    assert (caught.value.errno, caught.value.filename) == (errno.ETIMEDOUT, str(DEAD))


async def test_what_comes_after_is_refused_at_once_and_other_disks_go_on(hang: Callable[[], bool]) -> None:
    disks = Disks(patience_seconds=LONGEST_WAIT_SECONDS, find_mount=by_second_part)
    await leave_hanging(disks, hang)

    ran: list[int] = []
    with anyio.fail_after(LONGEST_WAIT_SECONDS / 2):
        for number in range(10):
            with pytest.raises(TimeoutError):
                await disks.do(DEAD / str(number), lambda: ran.append(1))
        alive = await disks.do(ALIVE, lambda: 7)

    assert (ran, alive) == ([], 7)


async def test_those_that_wait_in_line_are_refused_too(hang: Callable[[], bool]) -> None:
    disks = Disks(patience_seconds=0.01, find_mount=by_second_part)
    refused: list[int] = []

    async def ask(number: int) -> None:
        with pytest.raises(TimeoutError):
            await disks.do(DEAD, hang)
        refused.append(number)

    with anyio.fail_after(LONGEST_WAIT_SECONDS / 2):
        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(ask, number)

    assert len(refused) == 50
    assert sum(thread.name == "AnyIO worker thread" for thread in threading.enumerate()) <= 2 * MOST_STUCK


async def test_a_disk_that_answers_again_is_worked_on_again(
    hang: Callable[[], bool], answers: threading.Event
) -> None:
    disks = Disks(patience_seconds=LONGEST_WAIT_SECONDS, find_mount=by_second_part)
    await leave_hanging(disks, hang)

    answers.set()
    done: list[int] = []
    with anyio.fail_after(LONGEST_WAIT_SECONDS):
        while not done:
            try:
                done.append(await disks.do(DEAD, lambda: 7))
            except TimeoutError:
                await anyio.lowlevel.checkpoint()

    assert done == [7]


async def test_work_that_had_no_time_to_begin_says_nothing_about_the_disk() -> None:
    disks = Disks(find_mount=by_second_part)
    ran: list[int] = []
    for number in range(MOST_STUCK):
        with pytest.raises(TimeoutError):
            await disks.do(DEAD, lambda number=number: ran.append(number), patience_seconds=0.0)

    assert (await disks.do(DEAD, lambda: 7), ran) == (7, [])


async def test_whoever_is_cancelled_does_not_wait_for_a_share(hang: Callable[[], bool]) -> None:
    disks = Disks(patience_seconds=LONGEST_WAIT_SECONDS, find_mount=by_second_part)

    with anyio.fail_after(LONGEST_WAIT_SECONDS / 2):
        with anyio.move_on_after(0.01) as scope:
            await disks.do(DEAD, hang)

    assert scope.cancelled_caught


async def test_on_a_local_disk_the_work_of_who_is_cancelled_is_finished() -> None:
    disks = Disks(find_mount=all_local)
    begun, go_on, finished = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(LONGEST_WAIT_SECONDS)
        finished.set()

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(disks.do, ALIVE, work)
            await anyio.to_thread.run_sync(begun.wait, LONGEST_WAIT_SECONDS)
            scope.cancel()
            go_on.set()

    assert finished.is_set()


async def test_long_work_has_all_the_time_it_takes_as_long_as_it_goes_on(answers: threading.Event) -> None:
    disks = Disks(patience_seconds=2.0, find_mount=all_local)
    ticks: list[int] = []
    seen = iter(range(13))

    def work(ear: Ear) -> int:
        for done in seen:
            ear.done = done
            answers.wait(0.2)
        return ear.done

    with anyio.fail_after(LONGEST_WAIT_SECONDS):
        done = await disks.do_at_length(ALIVE, work, on_tick=lambda: ticks.append(1))

    assert done == 12
    assert ticks


async def test_long_work_that_goes_on_no_more_is_given_up(hang: Callable[[], bool]) -> None:
    disks = Disks(patience_seconds=0.01, find_mount=all_local)

    with anyio.fail_after(LONGEST_WAIT_SECONDS / 2), pytest.raises(TimeoutError):
        await disks.do_at_length(DEAD, lambda _: hang())


@pytest.mark.parametrize("find_mount", [by_second_part, all_local], ids=["remote", "local"])
async def test_long_work_is_told_that_nobody_waits_for_it(find_mount: Callable[[Path], Mount]) -> None:
    disks = Disks(find_mount=find_mount)
    begun, stopped = threading.Event(), threading.Event()

    def work(ear: Ear) -> None:
        begun.set()
        while not ear.is_canceled():
            stopped.wait(0.01)
        stopped.set()

    with anyio.fail_after(LONGEST_WAIT_SECONDS / 2):
        async with anyio.create_task_group() as group:
            group.start_soon(disks.do_at_length, ALIVE, work)
            await to_thread.run_sync(begun.wait, LONGEST_WAIT_SECONDS)
            group.cancel_scope.cancel()

    assert stopped.wait(LONGEST_WAIT_SECONDS)


async def test_long_work_whose_caller_is_gone_has_no_error_to_tell() -> None:
    disks = Disks(find_mount=all_local)
    begun, waiting = threading.Event(), threading.Event()

    def work(ear: Ear) -> None:
        begun.set()
        while not ear.is_canceled():
            waiting.wait(0.01)
        raise InterruptedError

    with anyio.fail_after(LONGEST_WAIT_SECONDS), anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:

            async def stop() -> None:
                await to_thread.run_sync(begun.wait, LONGEST_WAIT_SECONDS)
                scope.cancel()

            group.start_soon(stop)
            await disks.do_at_length(ALIVE, work)

    assert scope.cancelled_caught


async def test_what_long_work_raises_is_the_caller_s(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await Disks().do_at_length(tmp_path, lambda _: (tmp_path / "missing").stat())


def test_a_step_that_nobody_waits_for_is_interrupted_where_it_goes_on() -> None:
    ear = Ear()
    ear.go_on()

    ear.canceled = True

    with pytest.raises(InterruptedError):
        ear.go_on()
    assert ear.done == 1
