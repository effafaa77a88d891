"""Statistics and log lines of what a real daemon developed."""

from __future__ import annotations

from pathlib import Path

import pytest

from darkroom.client import Client
from darkroom.errors import InvalidParameter
from make import make_dng
from running import running

PATIENCE_USEC = 30_000_000


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "wedding"
    (folder / "Raw").mkdir(parents=True)
    return folder


def test_the_log_of_a_photo_is_kept_and_found_by_its_story_its_job_and_its_item(
    tmp_path: Path, session: Path
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        make_dng(session / "Raw" / "A.DNG")
        end = daemon.wait_for("item_developed")
        daemon.wait_for("session_record_written")
        daemon.stop()

    with running(tmp_path, "--session", str(session)) as again, Client(again.socket) as client:
        by_story = list(client.list_log_lines(correlation_id=end["correlation_id"]))
        by_job = list(client.list_log_lines(job_id=end["job"]))
        warnings = list(client.list_log_lines(item_id=end["item"], minimum_level="warning"))
        again.stop()

    assert (by_story[0].event, by_story[-1].event) == ("photo_detected", "item_developed")
    assert {line.event for line in by_job} >= {"item_started", "item_developed"}
    assert warnings == []


def test_statistics_say_what_was_developed_and_what_failed(tmp_path: Path, session: Path) -> None:
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        make_dng(session / "Raw" / "A.DNG")
        daemon.wait_for("item_developed")
        (session / "Raw" / "B.NEF").write_bytes(b"MM\0*" + bytes(300))
        client.wait_job(daemon.wait_for("item_failed")["job"], timeout_usec=PATIENCE_USEC)
        [statistic] = client.get_statistics(group_by="session")
        daemon.stop()

    assert (statistic.key, statistic.photos, statistic.failed) == ("wedding", 2, 1)
    assert statistic.bytes_read > 10_000
    assert 0 < statistic.median_usec <= statistic.p95_usec


def test_odd_questions_are_refused(tmp_path: Path, session: Path) -> None:
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        with pytest.raises(InvalidParameter):
            client.get_statistics(group_by="weather")
        with pytest.raises(InvalidParameter):
            list(client.list_log_lines(job_id=1, minimum_level="loud"))
        with pytest.raises(InvalidParameter):
            client.get_statistics(group_by="")
        with pytest.raises(InvalidParameter):
            client.call("ListLogLines")
        with pytest.raises(InvalidParameter, match="jobId"):
            list(client.list_log_lines(job_id=1, item_id=1))
        daemon.stop()
