"""The queue as a whole over the socket: pauses, inhibitors, and why nothing runs."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from api_server import NOW, Client, Serving, serving
from darkroom.protocol.types import ItemState
from darkroomd.api.handlers import queue as queue_handlers
from darkroomd.core.retry import Hold
from darkroomd.store.queue import Ending
from standing import output_of

pytestmark = pytest.mark.anyio

DARKROOM = "io.darkroomd.Darkroom"
INHIBIT = {"mode": "start", "who": "kiosk", "why": "The camera is read out."}


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path) as daemon:
        yield daemon


async def inhibit(client: Client, **parameters: object) -> int:
    """Hold work back, and return the inhibitor's id once that is in force."""
    await client.call(f"{DARKROOM}.Inhibit", {**INHIBIT, **parameters}, more=True)
    reply = await client.reply()
    assert reply["continues"] is True
    inhibitor: int = reply["parameters"]["inhibitorId"]
    return inhibitor


async def inhibitors(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.ask("ListInhibitors"))["parameters"]["inhibitors"]
    return found


async def watch(client: Client, *kinds: str) -> None:
    await client.call(f"{DARKROOM}.Watch", {"kinds": kinds}, more=True)
    assert (await client.event())["kind"] == "ready"


async def test_a_queue_that_is_not_paused_says_so(daemon: Serving) -> None:
    await daemon.add_photo(await daemon.add_session())

    async with daemon.client() as client:
        reply = await client.ask("GetQueue")

    assert reply["parameters"]["queue"] == {
        "paused": False,
        "pausedReason": None,
        "pausedUntilUsec": None,
        "waitReasons": [],
        "queuedItems": 1,
        "runningItems": 0,
        "failedItems": 0,
    }


async def test_photos_of_the_last_of_many_sessions_count_too(daemon: Serving) -> None:
    for name in ("anne", "berta"):
        await daemon.add_session(name)
    await daemon.add_photo(await daemon.add_session("zoe"))
    claim = await daemon.store.claim(boot="b", now_usec=NOW)
    assert claim is not None
    ending = Ending(ItemState.COMPLETED, output=output_of(claim.photo))
    await daemon.store.end(claim.item, ending, fence=claim.fence, now_usec=NOW)

    async with daemon.client() as client:
        reply = await client.ask("GetSummary")

    assert reply["parameters"]["summary"]["text"] == "Everything is developed."


async def test_a_pause_is_shown_with_its_reason_and_its_end_until_it_is_over(daemon: Serving) -> None:
    pause = {"reason": "Lunch.", "untilUsec": NOW + 1}

    async with daemon.client() as client:
        paused = await client.ask("PauseQueue", pause)
        seen = await client.ask("GetQueue")
        summary = (await client.ask("GetSummary"))["parameters"]["summary"]
        resumed = await client.ask("ResumeQueue")
        again = await client.ask("ResumeQueue")

    queue = paused["parameters"]["queue"]
    assert (queue["paused"], queue["pausedReason"], queue["pausedUntilUsec"]) == (True, "Lunch.", NOW + 1)
    assert queue["waitReasons"] == []
    assert seen == paused
    assert summary["queue"] == queue
    assert resumed["parameters"]["queue"]["paused"] is False
    assert again == resumed


async def test_a_pause_outlives_the_daemon(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon, daemon.client() as client:
        paused = await client.ask("PauseQueue", {"reason": "Night."})

    async with serving(tmp_path) as daemon, daemon.client() as client:
        assert await client.ask("GetQueue") == paused


@pytest.mark.parametrize(
    ("parameters", "interruptions"),
    [
        pytest.param({}, 0, id="by-default-what-runs-is-finished"),
        pytest.param({"finishRunning": True}, 0, id="finished"),
        pytest.param({"finishRunning": False}, 1, id="stopped"),
    ],
)
async def test_a_pause_stops_what_runs_only_if_asked_to(
    daemon: Serving, parameters: dict[str, object], interruptions: int
) -> None:
    async with daemon.client() as client:
        await client.ask("PauseQueue", parameters)

    assert daemon.scheduler.interruptions == interruptions


@pytest.mark.parametrize(
    ("method", "parameters", "named"),
    [
        pytest.param("PauseQueue", {"untilUsec": NOW}, "untilUsec", id="over-already"),
        pytest.param("PauseQueue", {"reason": "x" * 1001}, "reason", id="long-reason"),
        pytest.param(
            "CancelJobs", {"jobIds": [], "reason": "x" * 1001}, "reason", id="long-reason-of-cancel"
        ),
        pytest.param("WaitJob", {"jobId": 1, "timeoutUsec": -1}, "timeoutUsec", id="negative-time"),
        pytest.param("SetPriority", {"jobIds": [1], "priority": "urgent"}, "priority", id="no-priority"),
        pytest.param("ClearJobs", {"states": ["lost"]}, "states[0]", id="no-state"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_the_name_of_the_parameter(
    daemon: Serving, method: str, parameters: dict[str, object], named: str
) -> None:
    async with daemon.client() as client:
        reply = await client.ask(method, parameters)

    assert reply["parameters"] == {"parameter": named}


async def test_watchers_are_told_of_a_pause_and_of_its_end(daemon: Serving) -> None:
    async with daemon.client() as watcher, daemon.client() as client:
        await watch(watcher, "queue.changed")

        await client.ask("PauseQueue", {"reason": "Lunch."})
        await client.ask("ResumeQueue")

        events = [await watcher.event() for _ in range(2)]
    assert [event["queue"]["paused"] for event in events] == [True, False]


async def test_an_inhibitor_is_listed_with_who_holds_what_back_and_why(daemon: Serving) -> None:
    async with daemon.client() as holder, daemon.client() as client:
        number = await inhibit(holder)

        [found] = await inhibitors(client)
        summary = (await client.ask("GetSummary"))["parameters"]["summary"]

    assert found["id"] == number
    assert {name: found[name] for name in INHIBIT} == INHIBIT
    assert found["pid"] is not None
    assert found["sinceUsec"] == NOW
    assert summary["inhibitors"] == [found]
    assert summary["queue"]["waitReasons"] == ["inhibited"]


async def test_an_inhibitor_of_everything_stops_what_runs_before_it_is_confirmed(daemon: Serving) -> None:
    async with daemon.client() as holder:
        await inhibit(holder, mode="all")

        assert daemon.scheduler.interruptions == 1


async def test_an_inhibitor_is_confirmed_again_at_each_beat(
    daemon: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_handlers, "BEAT_SECONDS", 0.02)

    async with daemon.client() as holder:
        number = await inhibit(holder)

        replies = [await holder.reply() for _ in range(2)]
    assert replies == [{"parameters": {"inhibitorId": number}, "continues": True}] * 2


async def test_an_inhibitor_ends_when_its_client_closes_the_sending_half(daemon: Serving) -> None:
    async with daemon.client() as holder, daemon.client() as client:
        number = await inhibit(holder)

        await holder.stream.send_eof()

        assert await holder.reply() == {"parameters": {"inhibitorId": number}}
        assert await inhibitors(client) == []


async def test_an_inhibitor_ends_when_its_client_closes_the_connection(daemon: Serving) -> None:
    async with daemon.client() as watcher, daemon.client() as client:
        await watch(watcher, "inhibitor.changed")
        async with daemon.client() as holder:
            await inhibit(holder)
            events = [await watcher.event()]

        events.append(await watcher.event())
        left = await inhibitors(client)
    assert [event["queue"]["waitReasons"] for event in events] == [["inhibited"], []]
    assert left == []


async def test_an_inhibitor_ends_when_its_client_is_killed(daemon: Serving) -> None:
    hold = f"""
import json, socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    call = {{"method": "{DARKROOM}.Inhibit", "parameters": {INHIBIT}, "more": True}}
    connection.sendall(json.dumps(call).encode() + b"\\0")
    print(connection.recv(4096), flush=True)
    connection.recv(4096)
"""
    async with daemon.client() as watcher, daemon.client() as client:
        await watch(watcher, "inhibitor.changed")
        command = [sys.executable, "-c", hold, str(daemon.path)]
        async with await anyio.open_process(command, stdout=subprocess.PIPE) as holder:
            await watcher.event()
            [held] = await inhibitors(client)

            holder.send_signal(signal.SIGKILL)

            await watcher.event()
        left = await inhibitors(client)
    assert held["pid"] == holder.pid
    assert left == []


async def test_an_inhibitor_ends_when_the_daemon_stops(daemon: Serving) -> None:
    async with daemon.client() as holder:
        await inhibit(holder)

        await daemon.server.stop()

        assert await holder.reply() == {"error": f"{DARKROOM}.Stopping"}
    assert daemon.gate.holders == ()


async def test_one_inhibitor_too_many_is_refused_and_changes_nothing(daemon: Serving) -> None:
    async with anyio.create_task_group() as group:
        holders = [Client(await anyio.connect_unix(daemon.path)) for _ in range(9)]
        for holder in holders[:8]:
            await inhibit(holder)
        await holders[8].call(f"{DARKROOM}.Inhibit", INHIBIT, more=True)

        refused = await holders[8].reply()
        listed = await inhibitors(holders[8])

        for holder in holders:
            await holder.stream.aclose()
        group.cancel_scope.cancel()
    assert refused["parameters"] == {"limit": "inhibitors", "maximum": 8}
    assert len(listed) == 8


async def test_inhibiting_asks_for_more(daemon: Serving) -> None:
    async with daemon.client() as client:
        reply = await client.ask("Inhibit", INHIBIT)

    assert reply == {"error": "org.varlink.service.ExpectedMore"}
    assert daemon.gate.holders == ()


async def test_a_job_says_all_that_it_waits_for(daemon: Serving) -> None:
    queued = await daemon.add_photo(await daemon.add_session())

    async with daemon.client() as holder, daemon.client() as client:
        await client.ask("PauseJobs", {"jobIds": [queued.job_id]})
        await client.ask("PauseQueue")
        await inhibit(holder)
        daemon.gate.hold(Hold(60.0, "disk.full"), "No space.")

        job = (await client.ask("GetJob", {"jobId": queued.job_id}))["parameters"]["job"]
        listed = (await client.ask("ListJobs"))["parameters"]["jobs"]

    assert job["state"] == "paused"
    assert job["stateReasons"] == ["job.paused", "queue.paused", "inhibited", "disk.full"]
    assert listed == [job]
