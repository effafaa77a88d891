"""A backfill that somebody cancels: what is said of its photos then, with the real daemon."""

from __future__ import annotations

from pathlib import Path

from darkroom import Client
from darkroom.protocol.types import JobFilter, Summary
from forked import running
from make import make_dng

PATIENCE_USEC = 30_000_000


def told(summary: Summary) -> tuple[int, str]:
    """Return how many photos failed, and the line for people."""
    return summary.queue.failed_items, summary.text


def test_photos_that_somebody_canceled_have_not_failed(tmp_path: Path) -> None:
    raw = tmp_path / "wedding" / "Raw"
    raw.mkdir(parents=True)
    with running(tmp_path, "--session", str(raw.parent)) as daemon, Client(daemon.socket) as client:
        client.pause_queue()
        daemon.stop()
    make_dng(tmp_path / "whole.dng")
    for name in ("A", "B", "C"):
        (raw / f"{name}.DNG").write_bytes((tmp_path / "whole.dng").read_bytes())

    with running(tmp_path, "--session", str(raw.parent)) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("backlog_queued")
        [job] = client.list_jobs(JobFilter(kinds=("backfill",)))
        client.cancel_jobs([job.id])
        client.resume_queue()
        canceled = told(client.get_summary())
        [session] = client.list_sessions()
        codes = [photo.failure and photo.failure.code for photo in client.list_photos(session.id)]
        (raw / "damaged.DNG").write_bytes((tmp_path / "whole.dng").read_bytes()[:-4000])
        number = daemon.wait_for("item_failed")["job"]
        client.wait_job(number, timeout_usec=PATIENCE_USEC)
        failed = told(client.get_summary())
        counted = client.get_session(session.id).failed_count
        client.retry_jobs([job.id], include_canceled=True)
        client.wait_job(job.id, timeout_usec=PATIENCE_USEC)
        retried = told(client.get_summary())
        daemon.stop()

    assert canceled == (0, "3 canceled, everything else is developed.")
    assert (session.failed_count, codes) == (0, ["canceled"] * 3)
    assert (failed, counted) == ((1, "1 failed, 3 canceled, everything else is developed."), 1)
    assert retried == (1, "1 failed, everything else is developed.")
