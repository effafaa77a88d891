"""The real daemon tells what it wrote down about a photo also while that still waits."""

from __future__ import annotations

from pathlib import Path

from darkroom import Client
from forked import running
from make import make_dng


def test_the_log_of_a_photo_that_waits_says_how_it_came(tmp_path: Path) -> None:
    session = tmp_path / "wedding"
    (session / "Raw").mkdir(parents=True)

    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("session_found")
        client.pause_queue()
        make_dng(session / "Raw" / "A.DNG")
        told = daemon.wait_for("photo_queued")
        lines = list(client.list_log_lines(correlation_id=told["correlation_id"]))
        grave = list(client.list_log_lines(correlation_id=told["correlation_id"], minimum_level="error"))
        client.resume_queue()
        client.wait_until_developed(session / "Raw" / "A.DNG", timeout_usec=60_000_000)
        later = list(client.list_log_lines(correlation_id=told["correlation_id"]))
        daemon.stop()

    begun = ["photo_detected", "photo_settled", "preset_frozen", "photo_queued"]
    assert [line.event for line in lines] == begun
    assert grave == []
    assert later[: len(lines)] == lines
    assert {"item_started", "item_developed"} <= {line.event for line in later[len(lines) :]}
    assert len(later) == len(set(map(repr, later)))
