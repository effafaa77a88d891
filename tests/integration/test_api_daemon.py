"""Steering the real daemon while it works on a photo that takes a moment."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from darkroom import Client
from darkroom.protocol.types import Event, InhibitMode, ItemState, Job, JobState
from make import make_dng
from running import running

MINUTE_USEC = 60_000_000
AT_ONCE_SECONDS = 5.0
"""Far longer than it takes to stop a photo, and far shorter than a photo that is not stopped under load."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a photo that takes a good part of a second to develop."""
    return make_dng(tmp_path_factory.mktemp("large") / "large.dng", width=4000, height=3000)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "wedding"
    (folder / "Raw").mkdir(parents=True)
    return folder


def put(large: Path, session: Path, name: str = "A.DNG") -> None:
    """Put the photo into the session in one step."""
    shutil.copy(large, session / f".{name}")
    (session / f".{name}").rename(session / "Raw" / name)


def begin(client: Client, large: Path, session: Path) -> Job:
    """Return the job of the photo once it is being worked on."""
    with client.watch(kinds=("progress",), progress_interval_usec=1) as events:
        assert next(events).kind == "ready"
        put(large, session)
        running = next(events)
    assert running.job_id is not None
    return client.get_job(running.job_id)


def outputs(session: Path) -> list[str]:
    """Return all that lies in the output folder, part files included."""
    return sorted(path.name for path in (session / "Jpg").iterdir())


def item_states(client: Client, job: Job) -> list[ItemState]:
    return [item.state for item in client.list_items(job.id)]


@pytest.fixture
def client(tmp_path: Path, session: Path) -> Iterator[Client]:
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        yield client
        assert daemon.stop() == 0


def test_a_canceled_job_is_stopped_at_once_and_leaves_nothing(
    client: Client, large: Path, session: Path
) -> None:
    job = begin(client, large, session)

    began = time.monotonic()
    canceled = client.cancel_jobs([job.id])
    seconds = time.monotonic() - began

    ended = client.get_job(job.id)
    assert canceled == (job.id,)
    assert seconds < AT_ONCE_SECONDS
    assert (job.state, ended.state, item_states(client, job)) == (
        JobState.RUNNING,
        JobState.CANCELED,
        [ItemState.CANCELED],
    )
    assert outputs(session) == []
    assert client.get_queue().running_items == 0


def test_inhibiting_everything_stops_what_runs_and_does_it_again_later(
    client: Client, large: Path, session: Path
) -> None:
    job = begin(client, large, session)

    with client.inhibit(InhibitMode.ALL, who="kiosk", why="The camera is read out."):
        held = client.get_job(job.id)
        left = outputs(session)
        states = item_states(client, job)
    ended = client.wait_job(job.id, timeout_usec=MINUTE_USEC)

    assert "inhibited" in held.state_reasons
    assert (left, states) == ([], [ItemState.QUEUED])
    assert (ended.state, outputs(session)) == (JobState.COMPLETED, ["A.jpg"])


def test_whoever_asks_after_a_change_hears_of_it_however_many_ask_beside_them(
    tmp_path: Path, large: Path, session: Path
) -> None:
    question = b'{"method":"io.darkroomd.Darkroom.GetSummary"}\0'
    told, truth = list[tuple[bool, int]](), list[tuple[bool, int]]()
    with ExitStack() as held:
        daemon = held.enter_context(running(tmp_path, "--session", str(session)))
        one, other = (held.enter_context(Client(daemon.socket)) for _ in range(2))
        one.pause_queue()
        jobs = list[int | None]()
        with other.watch(kinds=("job.created",)) as events:
            next(events)
            for number in range(5):
                put(large, session, f"{number}.DNG")
                jobs.append(next(events).job_id)
        crowd = [held.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(20)]
        for asker in crowd:
            asker.connect(str(daemon.socket))
        for number, job in enumerate(jobs, 1):
            for asker in crowd:
                # The kernel keeps the answers: nobody has to read them.
                asker.sendall(question * 5)
            assert one.cancel_jobs([job or 0]) == (job,)
            first = other.get_summary().queue
            for asker in crowd:
                asker.sendall(question * 5)
            one.resume_queue() if number == len(jobs) else one.pause_queue(reason=str(number))
            second = other.get_summary().queue
            told.append((first.queued_items, second.paused_reason))
            truth.append((len(jobs) - number, None if number == len(jobs) else str(number)))

    assert told == truth


def test_a_pause_finishes_what_runs_and_starts_nothing_more(
    client: Client, large: Path, session: Path
) -> None:
    job = begin(client, large, session)

    with client.watch(kinds=("job.created",)) as events:
        next(events)
        client.pause_queue()
        put(large, session, "B.DNG")
        created = next(events).job
    ended = client.wait_job(job.id, timeout_usec=MINUTE_USEC)

    assert ended.state is JobState.COMPLETED
    assert created is not None
    assert client.get_job(created.id).state is JobState.QUEUED
    assert outputs(session) == ["A.jpg"]


def test_a_pause_that_stops_what_runs_outlives_the_daemon(tmp_path: Path, large: Path, session: Path) -> None:
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        job = begin(client, large, session)
        client.pause_queue(reason="Night.", finish_running=False)
        stopped = (item_states(client, job), outputs(session))
        daemon.kill()

    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        queue = client.get_queue()
        waiting = client.get_job(job.id)
        client.resume_queue()
        ended = client.wait_job(job.id, timeout_usec=MINUTE_USEC)
        daemon.stop()

    assert stopped == ([ItemState.QUEUED], [])
    assert (queue.paused, queue.paused_reason, queue.queued_items) == (True, "Night.", 1)
    assert waiting.state_reasons == ("queue.paused",)
    assert (ended.state, outputs(session)) == (JobState.COMPLETED, ["A.jpg"])


def test_a_pause_ends_by_itself_at_its_time_and_says_so(client: Client) -> None:
    with client.watch(kinds=("queue.changed",)) as events:
        next(events)

        paused = client.pause_queue(until_usec=time.time_ns() // 1000 + 300_000)
        told = [next(events).queue for _ in range(2)]

    assert paused.paused
    assert [queue.paused for queue in told if queue is not None] == [True, False]


def history(client: Client, cursor: str) -> list[tuple[str, Event]]:
    """Return what happened since the cursor, each event with the cursor after it."""
    told: list[tuple[str, Event]] = []
    with client.watch(cursor=cursor) as events:
        for event in events:
            if event.kind == "ready":
                return told
            told.append((events.cursor or "", event))
    return told


def test_two_watchers_go_on_across_a_restart_with_the_same_whole_history(
    tmp_path: Path, session: Path
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("session_found")
        with client.watch() as events:
            next(events)
            cursor = events.cursor or ""
            make_dng(session / "Raw" / "A.DNG")
            next(event for event in events if event.kind == "job.completed")
        daemon.kill()
    identity, _, first = cursor.partition(".")

    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        with Client(daemon.socket) as one, one.watch() as events:
            next(events)
            make_dng(session / "Raw" / "B.DNG")
            next(event for event in events if event.kind == "job.completed")
            one.pause_queue()
        with Client(daemon.socket) as one, Client(daemon.socket) as other:
            told, told_again = history(one, cursor), history(other, cursor)
        daemon.stop()

    numbers = [int(after.removeprefix(f"{identity}.")) for after, _ in told]
    ended = [event.job.label for _, event in told if event.kind == "job.completed" and event.job is not None]
    assert told == told_again
    assert numbers == list(range(int(first) + 1, int(first) + 1 + len(numbers)))
    assert ended == ["A.DNG", "B.DNG"]
    assert told[-1][1].kind == "queue.changed"
