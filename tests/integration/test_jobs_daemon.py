"""A job that fails too often, from its stop to the day it is forgotten, with the real daemon."""

from __future__ import annotations

from pathlib import Path

from darkroom import Client
from darkroom.protocol.types import ItemState, Job, JobFilter, JobState, Priority
from forked import running
from make import make_dng
from running import QUICK

FEW = QUICK + "[failures]\nleast_tried = 3\nmost_percent = 50\n"
PATIENCE_USEC = 30_000_000


def wait_for_what_was_left(client: Client, job_id: int) -> list[Job]:
    """Wait for the jobs that go on with what this one has left, and return them."""
    others = [each for each in client.list_jobs(JobFilter(kinds=("backfill",))) if each.id > job_id]
    return [client.wait_job(each.id, timeout_usec=PATIENCE_USEC) for each in others]


def test_a_hopeless_job_is_stopped_retried_and_forgotten_and_its_figures_stay(tmp_path: Path) -> None:
    raw = tmp_path / "wedding" / "Raw"
    raw.mkdir(parents=True)
    for number in range(5):
        damaged = make_dng(tmp_path / "whole.dng").read_bytes()[:-4000]
        (raw / f"{number}.DNG").write_bytes(damaged)

    with (
        running(tmp_path, "--session", str(raw.parent), config=FEW) as daemon,
        Client(daemon.socket) as client,
    ):
        daemon.wait_for("backlog_queued")
        job = list(client.list_jobs(JobFilter(kinds=("backfill",))))[-1]
        stopped = client.wait_job(job.id, timeout_usec=PATIENCE_USEC)
        gone_through = wait_for_what_was_left(client, job.id)
        failed = list(client.list_items(job.id, states=(ItemState.FAILED,)))
        retried = client.retry_jobs([job.id], include_canceled=True)
        again = client.wait_job(job.id, timeout_usec=PATIENCE_USEC)
        wait_for_what_was_left(client, job.id)
        nothing = client.clear_jobs()
        [before] = client.get_statistics(group_by="session")
        cleared = client.clear_jobs(states=(JobState.FAILED,))
        left = list(client.list_jobs())
        [after] = client.get_statistics(group_by="session")
        daemon.stop()

    assert (stopped.state, stopped.state_reasons) == (JobState.FAILED, ("too_many_failures",))
    assert (stopped.progress.failed, stopped.progress.canceled, stopped.progress.percent) == (3, 2, 100)
    assert stopped.failure == failed[0].failure
    assert (retried.job_ids, retried.item_count) == ((job.id,), 5)
    assert (again.state, again.progress.failed, again.progress.canceled) == (JobState.FAILED, 3, 2)
    assert [(each.state_reasons, each.progress.failed) for each in gone_through] == [((), 2)]
    assert (nothing, cleared, left) == (0, 3, [])
    assert (before.failed, after) == (10, before)


def test_paused_moved_and_preferred_jobs_run_in_the_order_that_was_asked_for(tmp_path: Path) -> None:
    raw = tmp_path / "wedding" / "Raw"
    raw.mkdir(parents=True)
    with (
        running(tmp_path, "--session", str(raw.parent)) as daemon,
        Client(daemon.socket) as client,
    ):
        daemon.wait_for("session_found")
        client.pause_queue()
        for name in ("A", "B", "C", "D"):
            make_dng(tmp_path / f"{name}.DNG").rename(raw / f"{name}.DNG")
            daemon.wait_for("photo_queued")
        jobs = [job.id for job in client.list_jobs(by_position=True)]
        held = client.pause_jobs([jobs[0]])
        client.set_priority([jobs[3]], Priority.HIGH)
        moved = client.move_jobs([jobs[2]], before_job_id=jobs[3])
        order = [job.id for job in client.list_jobs(by_position=True)]
        client.resume_queue()
        developed = [line["job"] for line in daemon.wait_for_all("item_developed", 3)]
        waits = client.get_job(jobs[0])
        client.resume_jobs([jobs[0]])
        ended = client.wait_job(jobs[0], timeout_usec=PATIENCE_USEC)
        daemon.stop()

    assert (held, moved) == ((jobs[0],), (jobs[2],))
    assert order == [jobs[2], jobs[3], jobs[0], jobs[1]]
    assert developed == [jobs[2], jobs[3], jobs[1]]
    assert (waits.state, waits.state_reasons) == (JobState.PAUSED, ("job.paused",))
    assert ended.state is JobState.COMPLETED
