"""Going on from a cursor: what happened since, then ready, then what happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from api_server import IDENTITY, NOW, PATIENCE_SECONDS, Client, Serving, serving
from darkroom.protocol.types import Priority
from darkroomd.api.handlers import watch as watch_handlers
from darkroomd.core.model import CorrelationId, Happening, JobId, JobKind, Progress
from darkroomd.store import journal
from darkroomd.store.arrivals import NewJob
from darkroomd.store.desk import JobDesk
from make import make_arrival

pytestmark = pytest.mark.anyio

DARKROOM = "io.darkroomd.Darkroom"


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path) as daemon:
        yield daemon


async def watch(client: Client, **parameters: object) -> None:
    await client.call(f"{DARKROOM}.Watch", parameters, more=True)


async def until_ready(client: Client) -> list[dict[str, Any]]:
    """Return the parameters of all replies up to `ready`, which is the last of them."""
    replies = [(await client.reply())["parameters"]]
    while replies[-1]["event"]["kind"] != "ready":
        replies.append((await client.reply())["parameters"])
    return replies


def numbers(replies: list[dict[str, Any]]) -> list[int]:
    return [int(reply["cursor"].removeprefix(f"{IDENTITY}.")) for reply in replies]


async def backfill(daemon: Serving, count: int) -> None:
    """Make `count` photos and three more facts known, and return once they have been told."""
    session = await daemon.add_session()
    arrivals = [make_arrival(f"{number}.NEF", session_id=session.id, inode=number) for number in range(count)]
    job = NewJob(JobKind.BACKFILL, session.id, "found", CorrelationId("b"))
    await daemon.store.arrive_many(arrivals, job=job, recipe="jpg", now_usec=NOW)
    with anyio.fail_after(PATIENCE_SECONDS):
        while daemon.server._hub.sequence < count + 3:
            await anyio.lowlevel.checkpoint()


async def test_what_happened_since_a_cursor_is_told_before_ready_as_it_was_told_then(daemon: Serving) -> None:
    async with daemon.client() as witness, daemon.client() as late:
        await watch(witness)
        await until_ready(witness)
        await daemon.add_photo(await daemon.add_session())
        live = [(await witness.reply())["parameters"] for _ in range(4)]

        await watch(late, cursor=f"{IDENTITY}.0")

        replayed = await until_ready(late)
    assert replayed[:-1] == live
    assert numbers(replayed) == [1, 2, 3, 4, 4]


async def test_a_cursor_of_the_newest_fact_has_nothing_to_catch_up_with(daemon: Serving) -> None:
    await daemon.add_session()

    async with daemon.client() as client:
        await watch(client, cursor=f"{IDENTITY}.1")

        replies = await until_ready(client)

    assert numbers(replies) == [1]


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param(f"{IDENTITY}.2", id="newer-than-the-newest"),
        pytest.param(f"{IDENTITY}.{10**17}", id="far-newer"),
        pytest.param(f"{IDENTITY}.{'9' * 5000}", id="endless"),
        pytest.param(f"{IDENTITY}.-1", id="negative"),
        pytest.param(f"{IDENTITY}.1\n", id="line-break"),
        pytest.param(f"{IDENTITY}.", id="no-number"),
        pytest.param("7", id="no-identity"),
        pytest.param("", id="empty"),
    ],
)
async def test_a_cursor_that_nobody_gave_is_refused(daemon: Serving, cursor: str) -> None:
    await daemon.add_session()

    async with daemon.client() as client:
        await watch(client, cursor=cursor)

        reply = await client.reply()

    assert reply == {"error": f"{DARKROOM}.InvalidCursor", "parameters": {"cursor": cursor}}


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        pytest.param(599, ["reset", "ready"], id="one-too-old"),
        pytest.param(0, ["reset", "ready"], id="far-too-old"),
    ],
)
async def test_a_cursor_older_than_what_is_kept_is_told_to_list_again(
    daemon: Serving, after: int, kinds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "KEPT_FACTS", 100)
    await backfill(daemon, 800)

    async with daemon.client() as client:
        await watch(client, cursor=f"{IDENTITY}.{after}")

        replies = await until_ready(client)

    assert [reply["event"]["kind"] for reply in replies] == kinds
    assert numbers(replies) == [803, 803]


async def test_the_oldest_cursor_that_is_kept_misses_nothing(
    daemon: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "KEPT_FACTS", 100)
    await backfill(daemon, 800)

    async with daemon.client() as client:
        await watch(client, cursor=f"{IDENTITY}.668")

        replies = await until_ready(client)

    assert numbers(replies[:-1]) == list(range(669, 804))


async def test_filters_choose_from_what_happened_too(daemon: Serving) -> None:
    first = await daemon.add_photo(await daemon.add_session("wedding"))
    await daemon.add_photo(await daemon.add_session("party"))

    async with daemon.client() as client:
        await watch(client, cursor=f"{IDENTITY}.0", kinds=["job.created"], sessionIds=["wedding-1"])

        replies = await until_ready(client)

    assert [reply["event"]["jobId"] for reply in replies] == [first.job_id, None]
    assert numbers(replies) == [3, 8]


async def test_what_happens_during_a_replay_is_told_once_and_in_order(daemon: Serving) -> None:
    await backfill(daemon, 1000)
    desk = JobDesk(daemon.store.front)

    async with daemon.client() as client, anyio.create_task_group() as group:

        async def go_on() -> None:
            for number in range(50):
                priority = Priority.HIGH if number % 2 else Priority.LOW
                await desk.set_priority([JobId(1)], priority, now_usec=NOW)

        await watch(client, cursor=f"{IDENTITY}.0")
        group.start_soon(go_on)
        replies = await until_ready(client)
        caught_up = numbers(replies)[-1]
        rest = [(await client.reply())["parameters"] for _ in range(1053 - caught_up)]

    assert numbers(replies[:-1]) == list(range(1, caught_up + 1))
    assert numbers(rest) == list(range(caught_up + 1, 1054))


async def test_a_flood_of_changes_is_told_in_the_order_in_which_they_were_made(daemon: Serving) -> None:
    async with daemon.client() as client, anyio.create_task_group() as group:
        await watch(client)
        await until_ready(client)

        group.start_soon(backfill, daemon, 150)
        for name in ("a", "b", "c"):
            group.start_soon(daemon.add_session, name)

        replies = [(await client.reply())["parameters"] for _ in range(156)]
    assert numbers(replies) == list(range(1, 157))


async def test_what_is_never_kept_comes_with_the_cursor_of_the_newest_fact(daemon: Serving) -> None:
    await daemon.add_session()
    told = Happening("progress", NOW, job_id=JobId(7), progress=Progress(total=1))

    async with daemon.client() as client, daemon.client() as late:
        await watch(client)
        await until_ready(client)
        daemon.bus.publish(told)
        daemon.bus.publish(replace(told, kind="photo.arriving", progress=None))
        ephemeral = [(await client.reply())["parameters"] for _ in range(2)]
        await watch(late, cursor=ephemeral[-1]["cursor"])
        replayed = await until_ready(late)

    assert sorted(reply["event"]["kind"] for reply in ephemeral) == ["photo.arriving", "progress"]
    assert numbers(ephemeral) == [1, 1]
    assert numbers(replayed) == [1]


async def test_a_watcher_that_was_cut_off_goes_on_where_it_was(daemon: Serving) -> None:
    async with daemon.client() as slow:
        await watch(slow)
        await backfill(daemon, 3000)
        replies = [await slow.reply()]
        while "error" not in replies[-1]:
            assert len(replies) <= 3004
            replies.append(await slow.reply())
    cursor = replies[-1]["parameters"]["cursor"]
    heard = numbers([reply["parameters"] for reply in replies])[-1]

    async with daemon.client() as again:
        await watch(again, cursor=cursor)

        rest = await until_ready(again)
    assert replies[-1]["error"] == f"{DARKROOM}.ConsumerTooSlow"
    assert heard < 3004
    assert numbers(rest[:-1]) == list(range(heard + 1, 3004))


async def test_a_replay_overtaken_by_forgetting_is_broken_off(
    daemon: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_handlers, "REPLAY_PAGE", 50)
    await backfill(daemon, 3000)

    async with daemon.client() as client:
        await watch(client, cursor=f"{IDENTITY}.0", progressIntervalUsec=0)
        monkeypatch.setattr(journal, "KEPT_FACTS", 10)
        await daemon.add_session("other")
        for _ in range(256):
            await daemon.add_session(f"{len(daemon.path.name)}-{next(daemon.numbers)}")
        replies = [await client.reply()]
        while "error" not in replies[-1]:
            assert len(replies) <= 3004
            replies.append(await client.reply())

    heard = numbers([reply["parameters"] for reply in replies])
    assert replies[-1]["error"] == f"{DARKROOM}.ConsumerTooSlow"
    assert heard[:-1] == list(range(1, len(heard)))
    assert heard[-1] == heard[-2]


async def test_cursors_outlive_the_daemon(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon:
        await daemon.add_session("before")

    async with serving(tmp_path) as daemon, daemon.client() as client:
        await daemon.add_session("after")
        await watch(client, cursor=f"{IDENTITY}.0")
        replies = await until_ready(client)

    assert [reply["event"]["session"]["name"] for reply in replies[:-1]] == ["before", "after"]
    assert numbers(replies) == [1, 2, 2]
