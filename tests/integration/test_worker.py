"""The worker process by itself, over real pipes."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from darkroomd.core.allowance import Burden, Sensor, memory_bytes
from darkroomd.core.stages import READ_PERCENT
from darkroomd.imaging.messages import (
    Developed,
    FromWorker,
    MessageReader,
    Opened,
    Ready,
    Refused,
    Stage,
    encode,
)
from darkroomd.imaging.version import pipeline_version
from darkroomd.services.worker_process import WorkerSettings
from fuzz_raws import tag_places
from make import make_develop, make_dng

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@dataclass
class Peer:
    """A worker and the two pipes to it."""

    process: subprocess.Popen[bytes]
    log: Path
    reader: MessageReader[FromWorker] = field(default_factory=lambda: MessageReader(FromWorker))
    waiting: list[FromWorker] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)

    def send(self, content: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def receive(self) -> FromWorker:
        assert self.process.stdout is not None
        while not self.waiting:
            received = os.read(self.process.stdout.fileno(), 65_536)
            assert received, self.log.read_text()
            self.waiting += self.reader.feed(received)
        return self.waiting.pop(0)

    def answer(self) -> tuple[list[Stage], Developed | Refused]:
        stages: list[Stage] = []
        while isinstance(message := self.receive(), Stage | Opened):
            self.opened.append(message) if isinstance(message, Opened) else stages.append(message)
        assert not isinstance(message, Ready)
        return stages, message

    def end(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(timeout=10)

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


Starter = Callable[..., Peer]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    """Start workers with settings; each is ready, and gone after the test."""
    peers: list[Peer] = []

    def starter(**settings: Any) -> Peer:
        log = tmp_path / f"log-{len(peers)}"
        command = WorkerSettings(**{"log_level": "debug", **settings}).command(parent=os.getpid())
        with log.open("wb") as sink:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sink, start_new_session=True
            )
        peers.append(Peer(process, log))
        ready = peers[-1].receive()
        assert isinstance(ready, Ready)
        assert (ready.pid, ready.pipeline) == (process.pid, pipeline_version())
        assert ready.libraw.count(".") == 2
        assert "libjpeg" in ready.jpeg
        return peers[-1]

    yield starter
    for peer in peers:
        peer.process.kill()
        with peer.process:
            pass


def test_a_request_is_answered_with_stages_and_one_answer(tmp_path: Path, start: Starter) -> None:
    request = make_develop(make_dng(tmp_path / "a.dng"), fence=7)
    worker = start()

    worker.send(encode(request))
    stages, answer = worker.answer()

    percents = [stage.percent for stage in stages]
    assert [stage.stage for stage in stages] == ["unpack", "unpack", "develop", "encode"]
    assert percents == sorted(percents)
    assert percents[:2] == [0, READ_PERCENT]
    assert {stage.fence for stage in stages} == {7}
    assert isinstance(answer, Developed)
    assert (answer.fence, answer.parts[0].size_bytes) == (7, (tmp_path / ".part").stat().st_size)
    assert answer.resident_bytes > 10_000_000


def test_two_workers_make_the_same_bytes(tmp_path: Path, start: Starter) -> None:
    source = make_dng(tmp_path / "a.dng", width=300, height=200)
    digests = set()

    for name in ("one", "two"):
        worker = start()
        worker.send(encode(make_develop(source, part=tmp_path / name)))
        _, answer = worker.answer()
        assert isinstance(answer, Developed)
        digests.add(answer.parts[0].sha256)

    assert len(digests) == 1


def test_a_bad_file_is_refused_and_the_next_one_developed(tmp_path: Path, start: Starter) -> None:
    (tmp_path / "bad.dng").write_bytes(b"no picture at all " * 100)
    worker = start()

    worker.send(encode(make_develop(tmp_path / "bad.dng", fence=1)))
    worker.send(encode(make_develop(make_dng(tmp_path / "a.dng"), fence=2)))
    answers = [worker.answer()[1], worker.answer()[1]]

    assert isinstance(answers[0], Refused)
    assert answers[0].failure.code == "raw.unsupported"
    assert isinstance(answers[1], Developed)


def test_closing_the_pipe_ends_it_in_peace(start: Starter) -> None:
    worker = start()

    assert worker.end() == 0
    assert worker.log_lines() == []


def test_a_broken_request_ends_it_loudly(start: Starter) -> None:
    worker = start()

    worker.send(b"\xff\xff\xff\xff")

    assert worker.process.wait(timeout=10) == 1
    assert "BrokenMessage" in worker.log.read_text()


def test_every_line_of_its_log_carries_the_ids(tmp_path: Path, start: Starter) -> None:
    worker = start()

    worker.send(encode(make_develop(make_dng(tmp_path / "a.dng"), fence=7)))
    worker.answer()
    worker.end()

    lines = worker.log_lines()
    assert [line["event"] for line in lines] == [
        "development_started",
        *["stage_entered"] * 3,
        "part_written",
    ]
    for line in lines:
        ids = {key: line[key] for key in ("correlation_id", "job", "item", "attempt", "worker")}
        assert ids == {
            "correlation_id": "correlation-7",
            "job": 1,
            "item": 7,
            "attempt": 1,
            "worker": worker.process.pid,
        }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_to_everyone_are_the_daemons_to_handle(
    tmp_path: Path, start: Starter, number: signal.Signals
) -> None:
    worker = start()

    worker.process.send_signal(number)
    worker.send(encode(make_develop(make_dng(tmp_path / "a.dng"))))

    assert isinstance(worker.answer()[1], Developed)


@LINUX
@pytest.mark.parametrize("left_mb", [1, 4])
def test_too_little_memory_is_a_refusal(tmp_path: Path, start: Starter, left_mb: int) -> None:
    source = make_dng(tmp_path / "a.dng", width=1_500, height=1_000)
    worker = start()
    pages = int(Path(f"/proc/{worker.process.pid}/statm").read_text().split()[0])
    little = pages * resource.getpagesize() + (left_mb << 20)
    resource.prlimit(worker.process.pid, resource.RLIMIT_AS, (little, little))

    worker.send(encode(make_develop(source)))
    _, answer = worker.answer()

    assert isinstance(answer, Refused)
    assert (answer.failure.code, answer.failure.transient) == ("worker.out_of_memory", True)
    assert not (tmp_path / ".part").exists()


@LINUX
@pytest.mark.parametrize("highest", [resource.RLIM_INFINITY, 1_200_000_000], ids=["free", "configured"])
def test_memory_is_bounded_anew_for_each_photo(tmp_path: Path, start: Starter, highest: int) -> None:
    worker = start(memory_bytes=max(0, highest))
    sizes = ((1_500, 1_000), (96, 64))
    bounds: list[int] = []

    for number, (width, height) in enumerate(sizes):
        source = make_dng(tmp_path / f"{number}.dng", width=width, height=height)
        worker.send(encode(make_develop(source)))
        assert isinstance(worker.answer()[1], Developed)
        bounds.append(resource.prlimit(worker.process.pid, resource.RLIMIT_AS)[0])

    burdens = [
        Burden(file_bytes=(tmp_path / f"{number}.dng").stat().st_size, pixels=width * height)
        for number, (width, height) in enumerate(sizes)
    ]
    ceiling = min(bound for bound in (highest, 1 << 62) if bound > 0)
    assert bounds == [min(ceiling, memory_bytes(burden)) for burden in burdens]
    assert [(told.file_bytes, told.pixels, told.sensor) for told in worker.opened] == [
        (burden.file_bytes, burden.pixels, Sensor.USUAL) for burden in burdens
    ]


@LINUX
def test_a_small_file_that_claims_to_be_a_large_picture_costs_no_memory(
    tmp_path: Path, start: Starter
) -> None:
    content = bytearray(make_dng(tmp_path / "a.dng").read_bytes())
    claims = {256: 15_000, 257: 15_000, 278: 15_000}
    for place in tag_places(content):
        tag = int.from_bytes(content[place : place + 2], "little")
        content[place + 2 : place + 12] = {
            tag: content[place + 2 : place + 12],
            **{claimed: struct.pack("<HII", 4, 1, value) for claimed, value in claims.items()},
        }[tag]
    (tmp_path / "a.dng").write_bytes(content)
    worker = start()

    worker.send(encode(make_develop(tmp_path / "a.dng")))
    _, answer = worker.answer()

    assert isinstance(answer, Refused)
    assert answer.failure.code == "raw.truncated"
    assert worker.opened[0].pixels == 15_000 * 15_000
    assert answer.resident_bytes < 150_000_000


def test_a_limit_reaches_the_pipeline(tmp_path: Path, start: Starter) -> None:
    worker = start(pixels=100)

    worker.send(encode(make_develop(make_dng(tmp_path / "a.dng"))))
    _, answer = worker.answer()

    assert isinstance(answer, Refused)
    assert answer.failure.code == "raw.too_large"


@pytest.mark.parametrize(
    "adjustments",
    [
        pytest.param({}, id="plain"),
        pytest.param(
            {
                "saturation": 20,
                "clarity": 30,
                "dehaze": 20,
                "lumaNoiseReduction": 30,
                "rotation": 2.0,
                "vignetteAmount": -30,
                "grainAmount": 30,
            },
            id="with-all-that-works-strip-by-strip",
        ),
    ],
)
def test_a_worker_with_one_thread_makes_the_same_bytes(
    tmp_path: Path, start: Starter, adjustments: dict[str, Any]
) -> None:
    source = make_dng(tmp_path / "a.dng", width=1_200, height=900)
    answers: list[Developed] = []

    for threads in (0, 1, 2):
        request = make_develop(source, part=tmp_path / str(threads))
        worker = start(threads=threads)
        worker.send(encode(msgspec.structs.replace(request, adjustments=adjustments)))
        _, answer = worker.answer()
        assert isinstance(answer, Developed)
        answers.append(answer)

    assert len({answer.parts[0].sha256 for answer in answers}) == 1


@LINUX
def test_it_takes_only_what_is_left_over(start: Starter) -> None:
    pid = start(memory_bytes=2 << 30).process.pid
    proc = Path(f"/proc/{pid}")

    limits = proc.joinpath("limits").read_text()
    status = proc.joinpath("status").read_text()
    io_class = subprocess.run(
        ["ionice", "-p", str(pid)],  # noqa: S607 - wherever the system keeps it
        capture_output=True,
        text=True,
        check=True,
    )

    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    assert os.sched_getscheduler(pid) == os.SCHED_BATCH
    assert os.getsid(pid) == pid
    assert io_class.stdout.strip() == "idle"
    assert proc.joinpath("oom_score_adj").read_text().strip() == "800"
    assert "NoNewPrivs:\t1" in status
    assert ["Max", "core", "file", "size", "0", "0", "bytes"] in [
        line.split() for line in limits.splitlines()
    ]
    assert f"{2 << 30}" in next(line for line in limits.splitlines() if "address space" in line)


@LINUX
def test_what_libraries_print_never_meets_the_protocol(start: Starter) -> None:
    worker = start()

    targets = {number: Path(f"/proc/{worker.process.pid}/fd/{number}").readlink() for number in (1, 2)}

    assert targets == {1: worker.log, 2: worker.log}


@LINUX
def test_it_dies_with_its_parent() -> None:
    command = WorkerSettings().command(parent=0)
    script = (
        "import os, subprocess, sys\n"
        f"command = {command!r}\n"
        "command[4] = f'--parent={os.getpid()}'\n"
        "child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,"
        " start_new_session=True)\n"
        "child.stdout.read(10)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )

    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    printed, _ = parent.communicate(timeout=30)
    orphan = os.pidfd_open(int(printed))

    assert wait_for_end(orphan)


def wait_for_end(descriptor: int) -> bool:
    with os.fdopen(descriptor) as process:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        return bool(poll.poll(10_000))


@LINUX
def test_it_ends_at_once_where_its_parent_is_already_gone() -> None:
    done = subprocess.run(WorkerSettings().command(parent=1 << 22), stdin=subprocess.DEVNULL, check=False)

    assert done.returncode == 1


def test_without_a_death_signal_a_hang_up_ends_it() -> None:
    script = "from darkroomd.imaging.confinement import exit_at_hangup; exit_at_hangup(0)"
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE)

    process.communicate(timeout=30)

    assert process.returncode == 1
