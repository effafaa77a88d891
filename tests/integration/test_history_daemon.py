"""The real daemon forgets what is too old or too much, and tells a watcher that comes back too late."""

from __future__ import annotations

from pathlib import Path

import pytest

from darkroom import Client
from forked import running
from make import make_dng
from running import QUICK

BY_AGE = "[history]\njob_days = 0\nlog_days = 0\nevent_days = 0\n"
BY_COUNT = "[history]\nitems = 0\nlog_lines = 0\nevents = 0\n"


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "wedding"
    (folder / "Raw").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("bounds", [pytest.param(BY_AGE, id="age"), pytest.param(BY_COUNT, id="count")])
def test_history_is_forgotten_at_the_start_and_a_watcher_from_before_is_told_to_list_anew(
    tmp_path: Path, session: Path, bounds: str
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("session_found")
        with client.watch() as events:
            next(events)
            cursor = events.cursor or ""
            make_dng(session / "Raw" / "A.DNG")
            job = next(event.job for event in events if event.kind == "job.completed")
        assert job is not None
        lines = list(client.list_log_lines(job_id=job.id))
        daemon.stop()
    output = session / "Jpg" / "A.jpg"
    developed_at = output.stat().st_mtime_ns

    with (
        running(tmp_path, "--session", str(session), config=QUICK + bounds) as daemon,
        Client(daemon.socket) as client,
    ):
        tidied = daemon.wait_for("history_tidied")
        with client.watch(cursor=cursor) as events:
            told = [next(events).kind for _ in range(2)]
        jobs, lines_left = list(client.list_jobs()), list(client.list_log_lines(job_id=job.id))
        [one] = client.list_sessions()
        photos = [photo.state for photo in client.list_photos(one.id)]
        [figures] = client.get_statistics()
        daemon.stop()

    assert (tidied["jobs"], tidied["items"]) == (1, 1)
    assert tidied["log_lines"] >= len(lines) - 1
    assert told == ["reset", "ready"]
    assert jobs == []
    # The newest of all is kept, so that no number is given twice.
    assert len(lines_left) <= 1 < len(lines)
    # What is true of the photo outlives what happened to it, and nothing is done twice.
    assert photos == ["developed"]
    assert figures.photos == 1
    assert output.stat().st_mtime_ns == developed_at
