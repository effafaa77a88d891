from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from api_server import IDENTITY, NOW, Client, Serving, serving
from darkroomd.api import hub
from darkroomd.api.handlers import daemon as daemon_handlers
from darkroomd.api.handlers import watch as watch_handlers
from darkroomd.core.model import Happening, JobId, Progress, SessionId
from darkroomd.core.retry import Hold

pytestmark = pytest.mark.anyio

DARKROOM = "io.darkroomd.Darkroom"
HALF = Progress(total=4, completed=2, running=1)


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path) as daemon:
        yield daemon


async def watch(client: Client, **parameters: object) -> None:
    """Begin to watch, and return once nothing can be missed any more."""
    await client.call(f"{DARKROOM}.Watch", parameters, more=True)
    first = await client.event()
    assert first["kind"] == "ready"


def progress(job: int, *, completed: int = 2) -> Happening:
    told = replace(HALF, completed=completed)
    return Happening("progress", NOW, job_id=JobId(job), session_id=SessionId("s1"), progress=told)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["kind"] for event in events]


async def test_a_watcher_is_told_what_happens(daemon: Serving) -> None:
    async with daemon.client() as client:
        await watch(client)

        session = await daemon.add_session()
        await daemon.add_photo(session)

        events = [await client.event() for _ in range(4)]
    assert sorted(kinds(events)) == ["job.created", "photo.added", "session.added", "session.changed"]
    assert events[0]["session"]["id"] == session.id
    assert all(event["kind"].split(".")[0] in event for event in events)


async def test_every_reply_says_where_to_go_on(daemon: Serving) -> None:
    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.Watch", more=True)
        ready = await client.reply()

        await daemon.add_session()

        added = await client.reply()
    assert ready["continues"] is True
    assert ready["parameters"]["cursor"] == f"{IDENTITY}.0"
    assert added["parameters"]["cursor"] == f"{IDENTITY}.1"


async def test_who_comes_with_the_cursor_of_another_database_is_told_to_list_again(daemon: Serving) -> None:
    await daemon.add_session()

    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.Watch", {"cursor": "other.1"}, more=True)

        replies = [await client.reply() for _ in range(2)]

    assert kinds([reply["parameters"]["event"] for reply in replies]) == ["reset", "ready"]
    assert [reply["parameters"]["cursor"] for reply in replies] == [f"{IDENTITY}.1"] * 2


async def test_watching_asks_for_more(daemon: Serving) -> None:
    async with daemon.client() as client:
        reply = await client.ask("Watch")

    assert reply == {"error": "org.varlink.service.ExpectedMore"}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param({"kinds": ["job.created", "new.kind"]}, ["job.created"], id="kinds"),
        pytest.param({"sessionIds": ["other"]}, [], id="other-session"),
        pytest.param({"jobIds": [99]}, [], id="other-job"),
        pytest.param({"jobIds": [1]}, ["job.created"], id="job"),
        pytest.param({"kinds": []}, [], id="no-kind"),
        pytest.param(
            {"kinds": ["session.added", "job.created"], "sessionIds": ["wedding-1"]},
            ["session.added", "job.created"],
            id="two-conditions",
        ),
    ],
)
async def test_a_watcher_chooses_what_to_hear_of(
    daemon: Serving, chosen: dict[str, object], expected: list[str]
) -> None:
    async with daemon.client() as client:
        await watch(client, **chosen)

        await daemon.add_photo(await daemon.add_session())
        await daemon.server.stop()

        told = [await client.event() for _ in range(len(expected) + 1)]
    assert sorted(kinds(told)) == sorted([*expected, "stopping"])


async def test_progress_is_merged_to_the_newest_of_each_job(daemon: Serving) -> None:
    async with daemon.client() as client:
        await watch(client, progressIntervalUsec=50_000)

        for completed in (1, 2, 3):
            daemon.bus.publish(progress(7, completed=completed))
            daemon.bus.publish(progress(8, completed=completed))

        events = [await client.event() for _ in range(3)]
    assert [(event["jobId"], event["progress"]["completed"]) for event in events] == [(7, 1), (7, 3), (8, 3)]
    assert events[0]["progress"]["percent"] == 25


async def test_progress_that_is_older_than_other_news_of_its_job_is_not_told(daemon: Serving) -> None:
    await daemon.add_photo(await daemon.add_session())
    async with daemon.client() as client, daemon.client() as other:
        await watch(client, progressIntervalUsec=50_000)

        for completed in (1, 2):
            daemon.bus.publish(progress(1, completed=completed))
        await other.call(f"{DARKROOM}.SetPriority", {"jobIds": [1], "priority": "high"})
        await other.reply()
        await anyio.sleep(0.1)
        daemon.bus.publish(progress(1, completed=3))

        events = [await client.event() for _ in range(3)]
    assert kinds(events) == ["progress", "job.updated", "progress"]
    assert events[2]["progress"]["completed"] == 3


async def test_progress_can_be_left_out(daemon: Serving) -> None:
    async with daemon.client() as client:
        await watch(client, progressIntervalUsec=0)

        daemon.bus.publish(progress(7))
        await daemon.add_session()

        assert (await client.event())["kind"] == "session.added"


async def test_a_watcher_cannot_ask_for_a_negative_interval(daemon: Serving) -> None:
    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.Watch", {"progressIntervalUsec": -1}, more=True)

        reply = await client.reply()

    assert reply["parameters"] == {"parameter": "progressIntervalUsec"}


async def test_a_long_silence_is_broken_by_a_sign_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_handlers, "BEAT_SECONDS", 0.05)

    async with serving(tmp_path) as daemon, daemon.client() as client:
        await watch(client)

        events = [await client.event() for _ in range(2)]

    assert kinds(events) == ["keepalive", "keepalive"]


async def test_a_watcher_that_falls_behind_learns_where_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "WATCHER_EVENTS", 10)

    async with serving(tmp_path) as daemon, daemon.client() as client:
        await watch(client)
        # More than the kernel's buffers hold, so that the server has to wait for this client.
        session = await daemon.add_session("x" * 200)
        told = Happening("session.changed", NOW, session=session)
        numbers = itertools.count(2)
        for _ in range(500):
            for _ in range(10):
                daemon.bus.publish(replace(told, sequence=next(numbers)))
            await anyio.lowlevel.checkpoint()

        replies = [await client.reply()]
        while "error" not in replies[-1]:
            replies.append(await client.reply())

    cursors = [int(reply["parameters"]["cursor"].split(".")[1]) for reply in replies]
    assert replies[-1]["error"] == f"{DARKROOM}.ConsumerTooSlow"
    assert cursors == [*range(1, len(cursors)), len(cursors) - 1]


async def test_a_half_closed_watcher_goes_on_hearing(daemon: Serving) -> None:
    async with daemon.client() as client:
        await watch(client)
        await client.stream.send_eof()

        await daemon.add_session()

        assert (await client.event())["kind"] == "session.added"


async def test_a_watcher_that_hangs_up_makes_room_at_once(daemon: Serving) -> None:
    for _ in range(40):
        async with daemon.client() as client:
            await watch(client)


async def test_one_stream_too_many_is_refused(daemon: Serving) -> None:
    async with anyio.create_task_group() as group:
        clients = [Client(await anyio.connect_unix(daemon.path)) for _ in range(57)]
        for client in clients[:56]:
            await watch(client)
        await clients[56].call(f"{DARKROOM}.Watch", more=True)

        refused = await clients[56].reply()
        answered = await clients[56].ask("GetSummary")

        for client in clients:
            await client.stream.aclose()
        group.cancel_scope.cancel()
    assert refused == {
        "error": f"{DARKROOM}.LimitReached",
        "parameters": {"limit": "streams", "maximum": 56},
    }
    assert "summary" in answered["parameters"]


async def test_the_last_event_says_that_the_daemon_stops(daemon: Serving) -> None:
    async with daemon.client() as client:
        await watch(client)

        await daemon.server.stop()

        last = await client.reply()
        rest = await client.rest()
    assert last["parameters"]["event"]["kind"] == "stopping"
    assert "continues" not in last
    assert rest == b""


async def test_a_stop_that_is_published_ends_watching_too(daemon: Serving) -> None:
    async with daemon.client() as client:
        await watch(client)

        daemon.bus.publish(Happening("stopping", NOW))

        assert (await client.event())["kind"] == "stopping"


async def test_a_change_that_tells_of_everything_does_not_overrun_the_daemon(daemon: Serving) -> None:
    for _ in range(70_000):
        daemon.bus.publish(Happening("photo.changed", NOW))
    daemon.bus.publish(Happening("config.reloaded", NOW))

    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.Watch", {"kinds": ["config.reloaded"]}, more=True)
        kinds = [(await client.event())["kind"] for _ in range(2)]

    assert kinds == ["ready", "config.reloaded"]


async def test_the_queue_is_told_as_it_is(daemon: Serving) -> None:
    async with daemon.client() as client:
        await watch(client)
        daemon.gate.hold(Hold(60.0, "disk.full"), "No space.")
        event = await client.event()

    assert event["queue"]["waitReasons"] == ["disk.full"]


async def test_a_summary_is_sent_again_when_something_changes(daemon: Serving) -> None:
    session = await daemon.add_session()
    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.GetSummary", {"intervalUsec": 0}, more=True)
        before = await client.reply()

        await daemon.add_photo(session)

        after = await client.reply()
    assert before["parameters"]["summary"]["text"] == "Nothing to do yet."
    assert after["parameters"]["summary"]["text"] == "1 waiting."
    assert (before["continues"], after["continues"]) == (True, True)


async def test_a_summary_is_sent_at_each_beat_even_if_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_handlers, "BEAT_SECONDS", 0.05)

    async with serving(tmp_path) as daemon, daemon.client() as client:
        await client.call(f"{DARKROOM}.GetSummary", more=True)

        first, second = await client.reply(), await client.reply()

    assert first == second


async def test_a_stream_of_summaries_ends_with_the_daemon(daemon: Serving) -> None:
    async with daemon.client() as client:
        await client.call(f"{DARKROOM}.GetSummary", {"intervalUsec": 10_000_000}, more=True)
        await client.reply()

        await daemon.server.stop()

        assert await client.reply() == {"error": f"{DARKROOM}.Stopping"}


async def test_a_name_that_only_looks_like_an_escaped_nul_ends_no_watch(daemon: Serving) -> None:
    async with daemon.client() as client:
        await watch(client, kinds=["photo.added"])

        await daemon.add_photo(await daemon.add_session(), "a\\u0000b.NEF")

        event = await client.event()
    assert event["photo"]["original"]["path"].endswith("a\\u0000b.NEF")
