"""The client for anyio on real sockets, under both event loops."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import aclosing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import pytest
from msgspec.structs import replace

import sent
from darkroom.aio import AsyncClient
from darkroom.errors import (
    ConnectionLost,
    DaemonUnreachable,
    DarkroomError,
    InvalidCursor,
    NoSuchPhoto,
    ProtocolViolation,
    TimedOut,
)
from darkroom.protocol.types import Event, InhibitMode, JobOptions, JobState
from scripted import LONGEST_WAIT_SECONDS, Peer, Script, ScriptedDaemon

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]

INTERFACE = "io.darkroomd.Darkroom"
QUEUE = {"queue": msgspec.to_builtins(sent.queue())}
SUMMARY = {"summary": msgspec.to_builtins(sent.summary())}
DONE = replace(sent.job(state=JobState.COMPLETED), ended_at_usec=sent.NOON_USEC)


@pytest.fixture
def path() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as folder:
        yield Path(folder) / "s"


def answering(*replies: object) -> Script:
    def script(peer: Peer) -> None:
        for reply in replies:
            peer.call()
            peer.reply(reply)

    return script


def saying(*pieces: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.call()
        for piece in pieces:
            peer.say(piece)

    return script


def event(kind: str, cursor: str) -> dict[str, Any]:
    return {"event": msgspec.to_builtins(Event(kind=kind, at_usec=1)), "cursor": cursor}


def telling(*replies: dict[str, Any], from_cursor: str | None) -> Script:
    def script(peer: Peer) -> None:
        call = peer.call()
        assert (call["method"], call["more"]) == (f"{INTERFACE}.Watch", True)
        assert call.get("parameters", {}).get("cursor") == from_cursor
        for reply in replies:
            peer.reply(reply, continues=True)

    return script


def silent(peer: Peer) -> None:
    peer.call()
    peer.wait_for_the_end()


async def test_calls_are_answered_and_errors_are_raised(path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.refuse(f"{INTERFACE}.NoSuchPhoto", {"photoId": "p9"})
        peer.call()
        peer.reply(SUMMARY)

    with ScriptedDaemon(path, [script]):
        async with AsyncClient(path) as client:
            with pytest.raises(NoSuchPhoto, match="p9"):
                await client.get_photo("p9")
            summary = await client.get_summary()

    assert summary == sent.summary()


async def test_calls_of_many_tasks_take_turns_on_one_connection(path: Path) -> None:
    names = []

    def script(peer: Peer) -> None:
        for _ in range(20):
            names.append(peer.call()["method"].rpartition(".")[2])
            peer.reply({"name": names[-1]})

    answers = {}
    with ScriptedDaemon(path, [script]):
        async with AsyncClient(path) as client, anyio.create_task_group() as group:

            async def ask(name: str) -> None:
                answers[name] = (await client.call(name))["name"]

            for number in range(20):
                group.start_soon(ask, f"M{number}")

    assert answers == {f"M{number}": f"M{number}" for number in range(20)}
    assert len(names) == 20


async def test_a_client_goes_on_after_the_daemon_was_restarted(path: Path) -> None:
    with ScriptedDaemon(path, [answering(SUMMARY), answering(SUMMARY)]):
        async with AsyncClient(path) as client:
            first = await client.get_summary()
            second = await client.get_summary()

    assert first == second


async def test_what_may_have_been_done_is_not_asked_for_twice(path: Path) -> None:
    def dying(peer: Peer) -> None:
        peer.call()
        peer.reply(QUEUE)
        peer.call()

    with ScriptedDaemon(path, [dying]):
        async with AsyncClient(path) as client:
            await client.get_queue()
            with pytest.raises(ConnectionLost):
                await client.cancel_jobs([7])


async def test_a_call_that_was_canceled_leaves_no_answer_for_the_next_one(path: Path) -> None:
    with ScriptedDaemon(path, [silent, answering(QUEUE)]):
        async with AsyncClient(path) as client:
            with anyio.move_on_after(0.02) as scope:
                await client.get_summary()
            queue = await client.get_queue()

    assert scope.cancelled_caught
    assert queue == sent.queue()


async def test_closing_wakes_whoever_waits(path: Path) -> None:
    errors = []

    with ScriptedDaemon(path, [silent]):
        async with AsyncClient(path) as client, anyio.create_task_group() as group:

            async def ask() -> None:
                try:
                    await client.cancel_jobs([7])
                except ConnectionLost as error:
                    errors.append(error)

            group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            client.close()

    assert len(errors) == 1


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        pytest.param([], ConnectionLost, id="hangs-up"),
        pytest.param([b'{"parameters":{"summ'], ConnectionLost, id="hangs-up-in-the-middle"),
        pytest.param([b"HTTP/1.1 400\r\n\0"], ProtocolViolation, id="another-protocol"),
        pytest.param([b'{"parameters":{}}\0'], ProtocolViolation, id="no-summary"),
    ],
)
async def test_a_peer_that_does_not_speak_the_protocol_is_an_error(
    path: Path, pieces: list[bytes], error: type[DarkroomError]
) -> None:
    with ScriptedDaemon(path, [saying(*pieces)]):
        async with AsyncClient(path) as client:
            with pytest.raises(error):
                await client.get_summary()


async def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(path: Path) -> None:
    with ScriptedDaemon(path, [silent]):
        async with AsyncClient(path, timeout=0.05) as client:
            with pytest.raises(DaemonUnreachable, match=r"did not answer within 0\.05 s"):
                await client.get_summary()


async def test_a_reply_that_comes_in_drops_has_no_more_time_than_any_other(path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.drip()

    with ScriptedDaemon(path, [script]), anyio.fail_after(10):
        async with AsyncClient(path, timeout=0.1) as client:
            with pytest.raises(DarkroomError):
                await client.get_summary()


async def test_a_daemon_that_does_not_take_a_long_call_is_not_waited_for_for_ever(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        async with AsyncClient(path, timeout=0.1) as client:
            with pytest.raises(DaemonUnreachable, match="did not answer"):
                await client.call("GetPhoto", {"photoId": "p" * 20_000_000})


async def test_a_listener_that_accepts_nobody_is_too_busy(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(path))
        listener.listen(0)
        first.connect(str(path))

        async with AsyncClient(path, timeout=0.05) as client:
            with pytest.raises(DaemonUnreachable, match="busy"):
                await client.get_summary()


async def test_a_place_in_the_queue_of_a_busy_listener_is_waited_for(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(path))
        listener.listen(0)
        first.connect(str(path))
        answers = []

        async with AsyncClient(path) as client, anyio.create_task_group() as group:

            async def ask() -> None:
                answers.append(await client.get_summary())

            group.start_soon(ask)
            await anyio.lowlevel.checkpoint()
            listener.accept()[0].close()
            with anyio.fail_after(LONGEST_WAIT_SECONDS):
                await anyio.wait_readable(listener)
                channel, _ = listener.accept()
                with channel:
                    await anyio.wait_readable(channel)
                    channel.sendall(json.dumps({"parameters": SUMMARY}).encode() + b"\0")
                    await anyio.wait_all_tasks_blocked()

    assert answers == [sent.summary()]


async def test_where_there_is_no_socket_the_error_names_it(path: Path) -> None:
    async with AsyncClient(path) as client:
        with pytest.raises(DaemonUnreachable, match=str(path)):
            await client.get_summary()


async def test_a_list_has_the_entries_of_all_pages_and_may_be_left_early(path: Path) -> None:
    pages = [
        {"sessions": [msgspec.to_builtins(sent.session(id=f"s{number}"))], "nextCursor": following}
        for number, following in enumerate(["one", "two", None])
    ]

    with ScriptedDaemon(path, [answering(*pages, pages[0])]):
        async with AsyncClient(path) as client:
            ids = [session.id async for session in client.list_sessions()]
            async for session in client.list_sessions():
                ids.append(session.id)
                break

    assert ids == ["s0", "s1", "s2", "s0"]


async def test_a_list_that_would_never_end_is_an_error(path: Path) -> None:
    page = {"photos": [], "nextCursor": "again"}

    with ScriptedDaemon(path, [answering(page, page)]):
        async with AsyncClient(path) as client:
            with pytest.raises(ProtocolViolation):
                _ = [photo async for photo in client.list_photos("s1")]


async def test_a_stream_has_a_connection_of_its_own(path: Path) -> None:
    def streaming(peer: Peer) -> None:
        assert peer.call()["more"] is True
        peer.reply({"number": 1}, continues=True)
        peer.reply({"number": 2})

    with ScriptedDaemon(path, [streaming]):
        async with AsyncClient(path) as client:
            replies = [reply async for reply in client.stream("Anything")]

    assert replies == [{"number": 1}, {"number": 2}]


async def test_watching_goes_on_where_it_was_cut_off(path: Path) -> None:
    def too_slow(peer: Peer) -> None:
        telling(event("photo.changed", "3"), from_cursor="2")(peer)
        peer.refuse(f"{INTERFACE}.ConsumerTooSlow", {"cursor": "5"})

    def leaving(peer: Peer) -> None:
        telling(event("photo.added", "6"), from_cursor="5")(peer)
        peer.reply(event("stopping", "7"))

    scripts = [
        telling(event("ready", "1"), event("photo.added", "2"), from_cursor=None),
        too_slow,
        leaving,
        telling(event("ready", "8"), from_cursor="7"),
    ]
    with ScriptedDaemon(path, scripts):
        async with AsyncClient(path) as client, client.watch() as events:
            kinds = [(await anext(events)).kind for _ in range(6)]
            cursor = events.cursor

    assert kinds == ["ready", "photo.added", "photo.changed", "photo.added", "stopping", "ready"]
    assert cursor == "8"


async def test_a_cursor_that_is_not_known_any_more_is_told_as_a_gap(path: Path) -> None:
    def refusing(peer: Peer) -> None:
        peer.call()
        peer.refuse(f"{INTERFACE}.InvalidCursor", {"cursor": "old"})

    scripts = [refusing, telling(event("ready", "1"), from_cursor=None), refusing]
    with ScriptedDaemon(path, scripts):
        async with AsyncClient(path) as client:
            async with client.watch(cursor="old") as events:
                kinds = [(await anext(events)).kind for _ in range(2)]
            async with client.watch() as events:
                with pytest.raises(InvalidCursor):
                    await anext(events)

    assert kinds == ["reset", "ready"]


async def test_a_stream_goes_on_after_waiting_for_it_was_canceled(path: Path) -> None:
    word = threading.Event()

    def slow(peer: Peer) -> None:
        peer.call()
        peer.reply(event("ready", "1"), continues=True)
        whole = json.dumps({"parameters": event("photo.added", "2"), "continues": True}).encode() + b"\0"
        peer.say(whole[:20])
        assert word.wait(LONGEST_WAIT_SECONDS)
        peer.say(whole[20:])
        peer.wait_for_the_end()

    with ScriptedDaemon(path, [slow]):
        async with AsyncClient(path) as client, client.watch() as events:
            first = await anext(events)
            with anyio.move_on_after(0.02) as scope:
                await anext(events)
            nothing = await events.next_within(0.01)
            word.set()
            second = await events.next_within(LONGEST_WAIT_SECONDS)

    assert scope.cancelled_caught
    assert (first.kind, nothing) == ("ready", None)
    assert second is not None
    assert second.kind == "photo.added"


async def test_waiting_goes_on_when_the_daemon_was_restarted(path: Path) -> None:
    def waiting(*replies: object) -> Script:
        def script(peer: Peer) -> None:
            peer.call()
            for reply in replies:
                peer.reply(reply, continues=True)

        return script

    def ended(peer: Peer) -> None:
        peer.call()
        peer.reply({"job": msgspec.to_builtins(DONE)})

    running = {"job": msgspec.to_builtins(sent.job())}
    with ScriptedDaemon(path, [waiting(running, running), ended]):
        async with AsyncClient(path) as client:
            seen = [job async for job in client.watch_job(7)]

    assert seen == [sent.job(), DONE]


async def test_a_job_that_takes_too_long_is_not_waited_for(path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.refuse(f"{INTERFACE}.TimedOut", {})

    with ScriptedDaemon(path, [script]):
        async with AsyncClient(path) as client:
            with pytest.raises(TimedOut):
                await client.wait_job(7, timeout_usec=1)


async def test_a_stream_that_is_left_early_is_closed_with_its_context(path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.reply(SUMMARY, continues=True)
        peer.wait_for_the_end()

    with ScriptedDaemon(path, [script]):
        async with AsyncClient(path) as client, aclosing(client.watch_summary()) as summaries:
            summary = await anext(summaries)

    assert summary == sent.summary()


async def test_work_is_held_back_until_the_context_is_left(path: Path) -> None:
    def script(peer: Peer) -> None:
        assert peer.call()["parameters"] == {"mode": "all", "who": "kiosk", "why": "camera is read"}
        peer.reply({"inhibitorId": 3}, continues=True)
        peer.wait_for_the_end()

    with ScriptedDaemon(path, [script]):
        async with AsyncClient(path) as client:
            async with await client.inhibit(InhibitMode.ALL, who="kiosk", why="camera is read") as held:
                during = held.in_force()
            after = held.in_force()

    assert (held.inhibitor_id, during, after) == (3, True, False)


async def test_work_that_cannot_be_held_back_is_an_error(path: Path) -> None:
    with ScriptedDaemon(path, [saying(b'{"parameters":{"inhibitorId":3}}\0')]):
        async with AsyncClient(path) as client:
            with pytest.raises(ConnectionLost):
                await client.inhibit(InhibitMode.ALL, who="kiosk", why="camera is read")


async def test_an_output_is_returned_as_an_open_file(path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        reply = {"fileDescriptor": 0, "output": msgspec.to_builtins(sent.output())}
        with (path.parent / "a.jpg").open("rb") as file:
            peer.say_with_files(json.dumps({"parameters": reply}).encode() + b"\0", [file.fileno()])

    (path.parent / "a.jpg").write_bytes(b"picture")
    with ScriptedDaemon(path, [script]):
        async with AsyncClient(path) as client:
            with await client.open_output("o1") as file:
                content = file.read()

    assert content == b"picture"


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        pytest.param(JobOptions(idempotency_key="k"), 2, id="under-a-key"),
        pytest.param(None, 1, id="without"),
    ],
)
async def test_a_job_is_asked_for_twice_only_under_a_key(
    path: Path, options: JobOptions | None, asked: int
) -> None:
    calls = []

    def dying(peer: Peer) -> None:
        peer.call()
        peer.reply(QUEUE)
        calls.append(peer.call())

    def alive(peer: Peer) -> None:
        with suppress(EOFError):
            calls.append(peer.call())
            peer.reply({"jobId": 7, "created": True, "itemCount": 2})

    with ScriptedDaemon(path, [dying, alive]):
        async with AsyncClient(path) as client:
            await client.get_queue()
            with suppress(ConnectionLost):
                await client.start_export("s1", options=options)
            with suppress(DarkroomError):
                await client.get_queue()

    assert [call["method"] for call in calls[:2]].count(f"{INTERFACE}.StartExport") == asked
