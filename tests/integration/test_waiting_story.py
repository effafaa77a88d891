"""The real daemon tells what it wrote down about a photo also while that still waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from darkroom import Client
from darkroom.aio import AsyncClient
from darkroom.protocol.types import LogLine
from forked import running
from make import make_dng


def pages_of_one(client: Client, correlation_id: str) -> Iterator[str]:
    """Return the events of a log that is asked for line by line."""
    cursor: str | None = None
    while True:
        asked = {"correlationId": correlation_id, "limit": 1, "cursor": cursor}
        page = client.call("ListLogLines", asked)
        yield from (line["event"] for line in page["lines"])
        cursor = page["nextCursor"]
        if cursor is None:
            return


def test_the_log_of_a_photo_that_waits_says_how_it_came(tmp_path: Path) -> None:
    session = tmp_path / "wedding"
    (session / "Raw").mkdir(parents=True)

    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("session_found")
        client.pause_queue()
        make_dng(session / "Raw" / "A.DNG")
        told = daemon.wait_for("photo_queued")
        lines = list(client.list_log_lines(correlation_id=told["correlation_id"]))
        in_pages = list(pages_of_one(client, told["correlation_id"]))
        grave = list(client.list_log_lines(correlation_id=told["correlation_id"], minimum_level="error"))
        client.resume_queue()
        client.wait_until_developed(session / "Raw" / "A.DNG", timeout_usec=60_000_000)
        later = list(client.list_log_lines(correlation_id=told["correlation_id"]))
        daemon.stop()

    begun = ["photo_detected", "photo_settled", "preset_frozen", "photo_queued"]
    assert [line.event for line in lines] == begun
    assert in_pages == begun
    assert grave == []
    assert later[: len(lines)] == lines
    assert {"item_started", "item_developed"} <= {line.event for line in later[len(lines) :]}
    assert len(later) == len(set(map(repr, later)))


@pytest.mark.anyio
async def test_a_log_that_is_followed_tells_each_line_once_and_before_the_photo_is_done(
    tmp_path: Path,
) -> None:
    session = tmp_path / "wedding"
    (session / "Raw").mkdir(parents=True)
    before: list[LogLine] = []
    after: list[LogLine] = []

    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("session_found")
        client.pause_queue()
        make_dng(session / "Raw" / "A.DNG")
        job = daemon.wait_for("photo_queued")["job"]
        async with AsyncClient(daemon.socket) as follower:
            log = follower.list_log_lines(job_id=job, follow=True)
            with anyio.fail_after(60):
                before.append(await anext(log))
                client.resume_queue()
                while not after or after[-1].event != "item_developed":
                    after.append(await anext(log))
        stored = list(client.list_log_lines(job_id=job))
        daemon.stop()

    assert [line.event for line in before] == ["photo_queued"]
    assert [*before, *after] == stored[: 1 + len(after)]
