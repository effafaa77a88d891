"""The verbs of the queue from the command line to the real daemon."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from darkroom import Client
from darkroom.cli.main import main
from darkroom.errors import TimedOut
from darkroom.protocol.types import InhibitMode, Job, JobFilter, JobState, Priority
from make import make_dng
from running import Daemon, running

COMMAND = (sys.executable, "-m", "darkroom.cli.main")
MINUTE_USEC = 60_000_000


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("steering")
    for name in ("Wedding", "Party"):
        (folder / "root" / name / "Raw").mkdir(parents=True)
    with running(folder, "--root", str(folder / "root")) as daemon:
        yield daemon


@pytest.fixture
def client(daemon: Daemon) -> Iterator[Client]:
    """Give a client of the daemon, whose queue is paused before and goes on after the test."""
    with Client(daemon.socket) as client:
        client.pause_queue(reason="test")
        yield client
        client.resume_queue()


def darkroom(daemon: Daemon, *words: str) -> int:
    return main(["--socket", str(daemon.socket), *words])


def queued_job(client: Client, daemon: Daemon, session: str, name: str, *, damaged: bool = False) -> Job:
    """Return the waiting job of a photo that was put into a session."""
    folder = daemon.socket.parent / "root" / session / "Raw"
    session_id = next(each.id for each in client.list_sessions() if each.name == session)
    waiting = JobFilter(states=(JobState.QUEUED,), session_ids=(session_id,))
    with client.watch() as events:
        next(events)
        whole = make_dng(folder / f".{name}").read_bytes()
        (folder / f".{name}").write_bytes(whole[:-4000] if damaged else whole)
        (folder / f".{name}").rename(folder / name)
        return next(job for _ in events for job in client.list_jobs(waiting))


def test_a_paused_queue_goes_on_when_it_is_resumed(
    daemon: Daemon, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    darkroom(daemon, "pause", "--reason", "reading the card", "--until", "2h")
    job = queued_job(client, daemon, "Wedding", "A.DNG")
    darkroom(daemon, "status")
    paused = capsys.readouterr().out
    timed_out = darkroom(daemon, "wait", str(job.id), "--timeout", "0s")
    darkroom(daemon, "resume")

    done = darkroom(daemon, "wait", str(job.id), "--timeout", "30s")

    assert "The queue is paused: reading the card, until 20" in paused
    assert "paused reading the card, until 20" in " ".join(paused.split())
    assert (timed_out, done) == (1, 0)
    assert f"job {job.id}  completed  1 of 1, 100 %" in capsys.readouterr().out


def test_jobs_run_as_they_are_moved_and_preferred(daemon: Daemon, client: Client) -> None:
    first = queued_job(client, daemon, "Wedding", "B.DNG").id
    second = queued_job(client, daemon, "Party", "B.DNG").id
    before = [job.id for job in client.list_jobs(by_position=True)]
    darkroom(daemon, "move", str(second), "--before", str(first))
    moved = [job.id for job in client.list_jobs(by_position=True)]
    darkroom(daemon, "priority", str(first), "high")
    preferred = [(job.id, job.priority) for job in client.list_jobs(by_position=True)]

    client.resume_queue()
    ended = [client.wait_job(job, timeout_usec=MINUTE_USEC).state for job in (first, second)]

    assert (before, moved) == ([first, second], [second, first])
    assert preferred[0] == (first, Priority.HIGH)
    assert ended == [JobState.COMPLETED, JobState.COMPLETED]


def test_a_canceled_job_fails_those_who_wait_and_can_be_retried(
    daemon: Daemon, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    job = queued_job(client, daemon, "Wedding", "C.DNG").id

    darkroom(daemon, "cancel", str(job), "--reason", "wrong card")
    again = darkroom(daemon, "cancel", str(job))
    canceled = darkroom(daemon, "wait", str(job))
    darkroom(daemon, "retry", str(job), "--include-canceled")
    client.resume_queue()
    done = client.wait_job(job, timeout_usec=MINUTE_USEC)

    told = capsys.readouterr().out.splitlines()
    assert (again, canceled, done.state) == (0, 1, JobState.COMPLETED)
    assert told[:2] == [f"Job {job} canceled.", f"Nothing to do for job {job}."]
    assert told[-1] == f"1 item of job {job} queued again."


def test_a_failed_job_is_waited_for_shown_and_forgotten(daemon: Daemon, client: Client) -> None:
    job = queued_job(client, daemon, "Party", "D.DNG", damaged=True).id
    client.resume_queue()

    failed = darkroom(daemon, "wait", str(job), "--timeout", "30s")
    kept = darkroom(daemon, "clear", "--older-than", "1d")
    still_there = darkroom(daemon, "show", str(job))
    darkroom(daemon, "clear", "--state", "failed")
    gone = darkroom(daemon, "show", str(job))

    assert (failed, kept, still_there, gone) == (1, 0, 0, 5)


def test_what_became_of_a_photo_is_kept_in_log_and_statistics(
    daemon: Daemon, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    job = queued_job(client, daemon, "Party", "LOGGED.DNG").id
    client.resume_queue()
    client.wait_job(job, timeout_usec=MINUTE_USEC)

    darkroom(daemon, "log", str(job))
    of_job = capsys.readouterr().out
    darkroom(daemon, "log", "LOGGED.DNG")
    of_photo = capsys.readouterr().out
    darkroom(daemon, "stats", "--by", "session", "--since", "1h", "--json")
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert f"item_developed  job={job} " in of_job
    assert "photo_detected" in of_photo
    assert f"item_developed  job={job} " in of_photo
    assert all(each["photos"] >= 1 for each in counted)
    assert counted


def test_no_photo_is_developed_while_a_command_runs(daemon: Daemon, client: Client) -> None:
    job = queued_job(client, daemon, "Wedding", "E.DNG").id
    client.resume_queue()
    client.wait_job(job, timeout_usec=MINUTE_USEC)

    looking = [*COMMAND, "--json", "--socket", str(daemon.socket), "status"]
    ended = subprocess.run(
        [
            *COMMAND,
            "--socket",
            str(daemon.socket),
            "inhibit",
            "--why",
            "camera is read",
            "--all",
            "--",
            *looking,
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    inhibitors = json.loads(ended.stdout)["inhibitors"]
    assert [(each["mode"], each["why"]) for each in inhibitors] == [("all", "camera is read")]
    assert client.list_inhibitors() == ()


def test_work_goes_on_when_whoever_held_it_back_is_killed(daemon: Daemon, client: Client) -> None:
    with subprocess.Popen(
        [
            *COMMAND,
            "--socket",
            str(daemon.socket),
            "inhibit",
            "--why",
            "x",
            "--",
            "sh",
            "-c",
            "echo in force; exec cat",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        held = client.get_queue().wait_reasons
        with client.watch(kinds=["ready", "inhibitor.changed"]) as events:
            next(events)
            holder.kill()
            next(events)

    assert "inhibited" in held
    assert client.list_inhibitors() == ()


def test_a_program_holds_work_back_within_its_context(daemon: Daemon, client: Client) -> None:
    job = queued_job(client, daemon, "Party", "F.DNG").id
    with client.inhibit(InhibitMode.START, who="kiosk", why="camera is read") as inhibition:
        client.resume_queue()
        with pytest.raises(TimedOut):
            client.wait_job(job, timeout_usec=200_000)
        held = (inhibition.in_force(), client.get_job(job).state)

    done = client.wait_job(job, timeout_usec=MINUTE_USEC)

    assert held == (True, JobState.QUEUED)
    assert done.state is JobState.COMPLETED
