"""The executor with real workers: what happens when they crash, hang, idle, or are not wanted any more."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread

from darkroomd.core.allowance import USUAL_PIXELS, Sensor
from darkroomd.core.recipes import Recipe
from darkroomd.core.worker_policy import RetirePolicy
from darkroomd.imaging.messages import (
    MESSAGE_LIMIT_BYTES,
    Develop,
    Developed,
    Opened,
    Ready,
    Refused,
    Stage,
    Target,
    encode,
)
from darkroomd.services.executor import ExecutorOptions, LocalExecutor
from darkroomd.services.worker_process import WorkerSettings
from make import make_develop, make_dng

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watches processes by descriptor"),
]

PATIENCE_SECONDS = 20.0


def unheard(_stage: Stage) -> None:
    pass


@asynccontextmanager
async def executor(**options: Any) -> AsyncIterator[LocalExecutor]:
    async with LocalExecutor(ExecutorOptions(**options)) as running:
        yield running


async def developed(running: LocalExecutor, request: Develop) -> Developed | Refused:
    return await running.develop(request, deadline_seconds=PATIENCE_SECONDS, on_stage=unheard)


def worker_of(running: LocalExecutor) -> int | None:
    """Return the process id of the one worker, or None where there is none."""
    pids = running.worker_pids
    assert len(pids) <= 1
    return pids[0] if pids else None


def watched(pid: int | None) -> int:
    """Return a descriptor by which the end of a process can be seen, however late one looks."""
    assert pid is not None
    return os.pidfd_open(pid)


async def ended(descriptor: int, *, within_seconds: float = 10.0) -> bool:
    def wait() -> bool:
        readable, _, _ = select.select([descriptor], [], [], within_seconds)
        os.close(descriptor)
        return bool(readable)

    return await to_thread.run_sync(wait)


class Saboteur:
    """Does something to the worker as soon as the named stage begins."""

    def __init__(self, running: LocalExecutor, stage: str, act: Callable[[int], None]) -> None:
        self._running = running
        self._stage = stage
        self._act = act
        self.process = -1

    def __call__(self, stage: Stage) -> None:
        acts = {self._stage: self._strike}
        acts.get(stage.stage, lambda: None)()

    def _strike(self) -> None:
        worker = worker_of(self._running)
        assert worker is not None
        self.process = watched(worker)
        self._act(worker)


def sending(number: signal.Signals) -> Callable[[int], None]:
    return lambda pid: os.kill(pid, number)


@pytest.fixture(scope="module")
def slow_dng(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a picture that takes long enough to be interrupted in."""
    return make_dng(tmp_path_factory.mktemp("slow") / "slow.dng", width=2_400, height=1_600)


def part_bytes(request: Develop) -> int | None:
    """Return the size of the part file, or None where there is none."""
    part = Path(os.fsdecode(request.targets[0].part))
    return part.stat().st_size if part.exists() else None


async def test_a_photo_is_developed_and_its_stages_told(tmp_path: Path) -> None:
    stages: list[str] = []
    request = make_develop(make_dng(tmp_path / "a.dng"))

    async with executor() as running:
        answer = await running.develop(
            request, deadline_seconds=PATIENCE_SECONDS, on_stage=lambda stage: stages.append(stage.stage)
        )

    assert isinstance(answer, Developed)
    assert stages == ["unpack", "unpack", "develop", "encode"]
    assert part_bytes(request) == answer.parts[0].size_bytes


async def test_one_worker_serves_all_and_ends_with_the_executor(tmp_path: Path) -> None:
    source = make_dng(tmp_path / "a.dng")

    async with executor() as running:
        await developed(running, make_develop(source, fence=1))
        first = worker_of(running)
        await developed(running, make_develop(source, fence=2, part=tmp_path / "2"))
        assert worker_of(running) == first
        process = watched(first)

    assert await ended(process, within_seconds=0)


async def test_requests_that_come_together_are_served_in_order(tmp_path: Path) -> None:
    source = make_dng(tmp_path / "a.dng")
    answers: list[int] = []

    async def ask(running: LocalExecutor, fence: int) -> None:
        answer = await developed(running, make_develop(source, fence=fence, part=tmp_path / str(fence)))
        answers.append(answer.fence)

    async with executor() as running, anyio.create_task_group() as group:
        for fence in range(4):
            group.start_soon(ask, running, fence)

    assert answers == [0, 1, 2, 3]


async def test_a_warm_worker_is_the_one_that_works(tmp_path: Path) -> None:
    async with executor() as running:
        await running.warm()
        warm = worker_of(running)
        await developed(running, make_develop(make_dng(tmp_path / "a.dng")))

        assert warm is not None
        assert worker_of(running) == warm


@pytest.mark.parametrize(
    ("number", "name"),
    [
        pytest.param(signal.SIGSEGV, "SIGSEGV", id="segmentation-fault"),
        pytest.param(signal.SIGKILL, "SIGKILL", id="killed"),
        pytest.param(signal.SIGABRT, "SIGABRT", id="abort"),
    ],
)
@pytest.mark.parametrize("stage", ["unpack", "develop"])
async def test_a_crash_is_told_with_its_signal_and_the_next_photo_developed(
    tmp_path: Path, slow_dng: Path, stage: str, number: signal.Signals, name: str
) -> None:
    async with executor() as running:
        request = make_develop(slow_dng)
        saboteur = Saboteur(running, stage, sending(number))
        answer = await running.develop(request, deadline_seconds=PATIENCE_SECONDS, on_stage=saboteur)
        after = await developed(running, make_develop(make_dng(tmp_path / "a.dng")))

    assert isinstance(answer, Refused)
    assert answer.failure.code == "worker.crashed"
    assert answer.failure.context == {"returncode": -number, "signal": name}
    assert not answer.environment
    assert isinstance(after, Developed)


async def test_a_worker_that_hangs_is_stopped_at_the_deadline(slow_dng: Path) -> None:
    async with executor() as running:
        await running.warm()
        request = make_develop(slow_dng)
        saboteur = Saboteur(running, "unpack", sending(signal.SIGSTOP))
        answer = await running.develop(request, deadline_seconds=0.3, on_stage=saboteur)

        assert isinstance(answer, Refused)
        assert (answer.failure.code, answer.failure.transient) == ("worker.timeout", True)
        assert await ended(saboteur.process, within_seconds=0)
        assert worker_of(running) is None


@pytest.mark.parametrize("stage", ["unpack", "develop", "encode"])
async def test_a_cancelled_photo_leaves_no_worker_and_no_part(slow_dng: Path, stage: str) -> None:
    request = make_develop(slow_dng)

    async with executor() as running:
        with anyio.CancelScope() as scope:
            saboteur = Saboteur(running, stage, lambda _pid: scope.cancel())
            await running.develop(request, deadline_seconds=PATIENCE_SECONDS, on_stage=saboteur)

        assert scope.cancelled_caught
        assert worker_of(running) is None
        assert await ended(saboteur.process, within_seconds=0)
        assert part_bytes(request) is None


async def cancelling_seconds(running: LocalExecutor, source: Path) -> float:
    await running.warm()
    with anyio.CancelScope() as scope:
        saboteur = Saboteur(running, "develop", lambda _pid: scope.cancel())
        await running.develop(make_develop(source), deadline_seconds=PATIENCE_SECONDS, on_stage=saboteur)
        raise AssertionError("It was cancelled.")
    since = time.monotonic()
    await ended(saboteur.process)
    return time.monotonic() - since


async def test_cancelling_takes_less_than_half_a_second(slow_dng: Path) -> None:
    async with executor() as running:
        # The machine may stand still at any time, but not each time.
        assert min([await cancelling_seconds(running, slow_dng) for _ in range(3)]) < 0.5


@pytest.mark.parametrize("after_seconds", [0.0, 0.005, 0.05])
async def test_cancelling_works_during_the_start_too(tmp_path: Path, after_seconds: float) -> None:
    request = make_develop(make_dng(tmp_path / "a.dng"))

    async with executor() as running:
        with anyio.move_on_after(after_seconds):
            await developed(running, request)

        assert worker_of(running) is None
        assert children() == []


def children() -> list[str]:
    """Return the worker processes that belong to this one."""
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in listed}
    return [pid for pid, command in commands.items() if b"darkroomd.imaging" in command]


async def test_a_part_that_a_killed_worker_left_is_removed(slow_dng: Path) -> None:
    request = make_develop(slow_dng)

    def leave_a_part_and_die(pid: int) -> None:
        Path(os.fsdecode(request.targets[0].part)).write_bytes(b"half")
        os.kill(pid, signal.SIGKILL)

    async with executor() as running:
        saboteur = Saboteur(running, "develop", leave_a_part_and_die)
        await running.develop(request, deadline_seconds=PATIENCE_SECONDS, on_stage=saboteur)

    assert part_bytes(request) is None


async def test_an_idle_worker_is_ended(tmp_path: Path) -> None:
    async with executor(idle_seconds=0.05) as running:
        await developed(running, make_develop(make_dng(tmp_path / "a.dng")))

        assert await ended(watched(worker_of(running)))


async def test_a_worker_that_died_while_idle_costs_no_photo(tmp_path: Path) -> None:
    async with executor() as running:
        await running.warm()
        process = watched(worker_of(running))
        os.kill(worker_of(running) or -1, signal.SIGKILL)
        await ended(process)

        answer = await developed(running, make_develop(make_dng(tmp_path / "a.dng")))

    assert isinstance(answer, Developed)


async def test_a_spent_worker_is_replaced(tmp_path: Path) -> None:
    source = make_dng(tmp_path / "a.dng")
    pids: list[int | None] = []

    async with executor(retire=RetirePolicy(photos=2)) as running:
        for number in range(3):
            await running.warm()
            pids.append(worker_of(running))
            await developed(running, make_develop(source, part=tmp_path / str(number)))

    assert pids[0] == pids[1]
    assert pids[1] != pids[2]


async def test_a_worker_that_cannot_start_is_not_the_photos_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))

    async with executor() as running:
        await running.warm()
        answer = await developed(running, make_develop(make_dng(tmp_path / "a.dng")))

    assert isinstance(answer, Refused)
    assert (answer.failure.code, answer.environment) == ("worker.not_started", True)


@pytest.mark.parametrize(
    ("script", "code", "environment"),
    [
        pytest.param("import sys; sys.exit(3)", "worker.not_started", True, id="ends-at-once"),
        pytest.param("import sys; sys.stdin.read()", "worker.not_started", True, id="says-nothing"),
        pytest.param("import os; os.abort()", "worker.not_started", True, id="aborts-at-once"),
        pytest.param("import os; os.kill(os.getpid(), 9)", "worker.crashed", False, id="is-killed-at-once"),
        pytest.param("print('hello')", "worker.not_started", True, id="says-hello"),
        pytest.param("import os; os.write(1, b'\\xff' * 9)", "worker.not_started", True, id="too-long"),
        pytest.param("READY; import sys; sys.exit(3)", "worker.crashed", False, id="ends-after-the-greeting"),
        pytest.param(
            "READY; os.read(0, 9); os.write(1, b'\\xff' * 9)", "worker.crashed", False, id="nonsense"
        ),
        pytest.param("READY; os.read(0, 9); os.write(1, ready)", "worker.crashed", False, id="greets-again"),
    ],
)
async def test_a_stranger_in_the_workers_place_is_seen_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, code: str, environment: bool
) -> None:
    greeting = (
        "import os; from darkroomd.imaging.messages import Ready, encode;"
        " ready = encode(Ready(pid=1, pipeline='')); os.write(1, ready)"
    )
    stranger = [sys.executable, "-c", script.replace("READY", greeting)]
    monkeypatch.setattr(WorkerSettings, "command", lambda _settings, *, parent: [*stranger, str(parent)])

    async with executor(start_seconds=1.0) as running:
        answer = await developed(running, make_develop(make_dng(tmp_path / "a.dng")))

        assert isinstance(answer, Refused)
        assert (answer.failure.code, answer.environment) == (code, environment)
        assert children() == []


async def test_a_large_picture_has_longer_once_it_is_known_to_be_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = encode(Opened(fence=1, file_bytes=1, pixels=2 * USUAL_PIXELS, sensor=Sensor.USUAL))
    greeting = encode(Ready(pid=1, pipeline=""))
    script = (
        f"import os; os.write(1, {greeting!r}); os.read(0, 1 << 20); os.write(1, {large!r}); os.read(0, 1)"
    )
    stranger = [sys.executable, "-c", script]
    monkeypatch.setattr(WorkerSettings, "command", lambda _settings, *, parent: [*stranger, str(parent)])

    async with executor() as running:
        await running.warm()
        answer = await running.develop(
            make_develop(tmp_path / "a.dng"), deadline_seconds=1.0, on_stage=unheard
        )

    assert isinstance(answer, Refused)
    assert (answer.failure.code, answer.failure.context) == ("worker.timeout", {"deadlineMsec": 2_000})


async def test_adjustments_beyond_a_message_are_refused(tmp_path: Path) -> None:
    request = Develop(
        fence=1,
        correlation_id="c",
        job_id=1,
        item_id=1,
        attempt=1,
        source=b"/a",
        targets=(Target(recipe=Recipe(), part=os.fsencode(tmp_path / "part")),),
        adjustments={"masks": "x" * MESSAGE_LIMIT_BYTES},
    )

    async with executor() as running:
        answer = await developed(running, request)

    assert isinstance(answer, Refused)
    assert (answer.failure.code, answer.failure.transient) == ("sidecar.too_large", False)


async def test_an_error_of_the_listener_stops_the_work(slow_dng: Path) -> None:
    def fail(_stage: Stage) -> None:
        raise LookupError

    async with executor() as running:
        with pytest.raises(LookupError):
            await running.develop(make_develop(slow_dng), deadline_seconds=PATIENCE_SECONDS, on_stage=fail)

        assert worker_of(running) is None


async def test_leaving_by_cancellation_leaves_nothing(tmp_path: Path) -> None:
    with anyio.CancelScope() as scope:
        async with executor() as running:
            await developed(running, make_develop(make_dng(tmp_path / "a.dng")))
            process = watched(worker_of(running))
            scope.cancel()
            await anyio.sleep_forever()

    assert await ended(process, within_seconds=0)


class Roll:
    """Calls the roll of workers once all photos are in work."""

    def __init__(self, running: LocalExecutor, *, size: int) -> None:
        self._running = running
        self._size = size
        self._in_work: set[int] = set()
        self.pids: tuple[int, ...] = ()

    def __call__(self, stage: Stage) -> None:
        self._in_work.add(stage.fence)
        if len(self._in_work) == self._size and not self.pids:
            self.pids = self._running.worker_pids


async def test_several_workers_develop_side_by_side(tmp_path: Path, slow_dng: Path) -> None:
    requests = [make_develop(slow_dng, fence=fence, part=tmp_path / str(fence)) for fence in (1, 2)]

    async with executor(workers=2) as running, anyio.create_task_group() as group:
        roll = Roll(running, size=2)
        for request in requests:
            group.start_soon(partial(running.develop, request, deadline_seconds=60.0, on_stage=roll))

    assert len(set(roll.pids)) == 2
    assert part_bytes(requests[0]) == part_bytes(requests[1]) is not None


async def test_a_second_worker_is_not_started_for_requests_one_after_the_other(tmp_path: Path) -> None:
    source = make_dng(tmp_path / "a.dng")

    async with executor(workers=2) as running:
        for fence in range(3):
            await developed(running, make_develop(source, fence=fence, part=tmp_path / str(fence)))

        assert len(running.worker_pids) == 1


async def test_of_several_workers_only_that_of_the_cancelled_photo_is_killed(
    tmp_path: Path, slow_dng: Path
) -> None:
    survivor = make_develop(slow_dng, fence=1, part=tmp_path / "1")
    victim = make_develop(slow_dng, fence=2, part=tmp_path / "2")
    answers: list[Developed | Refused] = []

    async def survive(running: LocalExecutor) -> None:
        answers.append(await developed(running, survivor))

    async with executor(workers=2) as running, anyio.create_task_group() as group:
        group.start_soon(survive, running)
        with anyio.CancelScope() as scope:
            await running.develop(victim, deadline_seconds=60.0, on_stage=lambda _stage: scope.cancel())

    assert [type(answer) for answer in answers] == [Developed]
    assert part_bytes(victim) is None


async def test_all_idle_workers_are_ended(tmp_path: Path) -> None:
    source = make_dng(tmp_path / "a.dng")

    async with executor(workers=2, idle_seconds=0.2) as running:
        async with anyio.create_task_group() as group:
            for fence in (1, 2):
                request = make_develop(source, fence=fence, part=tmp_path / str(fence))
                group.start_soon(developed, running, request)
        processes = [watched(pid) for pid in running.worker_pids]

        assert [await ended(process) for process in processes] == [True] * len(processes)


async def test_requests_beyond_the_workers_wait_for_their_turn(tmp_path: Path) -> None:
    source = make_dng(tmp_path / "a.dng")
    requests = [make_develop(source, fence=fence, part=tmp_path / str(fence)) for fence in range(6)]

    async with executor(workers=2) as running:
        async with anyio.create_task_group() as group:
            for request in requests:
                group.start_soon(developed, running, request)

        assert len(running.worker_pids) == 2
    assert all(part_bytes(request) for request in requests)
