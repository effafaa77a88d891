from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

import sent
from darkroom import Client, DaemonUnreachable, DarkroomError
from darkroom.errors import ConnectionLost, ConsumerTooSlow, NoSuchPhoto, ProtocolViolation, RemoteError
from darkroom.protocol.types import Event
from scripted import Peer, Script, ScriptedDaemon

INTERFACE = "io.darkroomd.Darkroom"
SUMMARY = {"summary": msgspec.to_builtins(sent.summary())}


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


def saying(data: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.call()
        peer.say(data)

    return script


def refusing(error: str, parameters: object) -> Script:
    def script(peer: Peer) -> None:
        peer.call()
        peer.refuse(error, parameters)

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


def test_a_method_without_a_dot_is_one_of_the_daemon(path: Path) -> None:
    methods = []

    def script(peer: Peer) -> None:
        for _ in range(2):
            methods.append(peer.call()["method"])
            peer.reply({"odd": [1, None]})

    with ScriptedDaemon(path, [script]), Client(path) as client:
        replies = [client.call("GetHealth"), client.call("org.varlink.service.GetInfo")]

    assert methods == [f"{INTERFACE}.GetHealth", "org.varlink.service.GetInfo"]
    assert replies == [{"odd": [1, None]}] * 2


def test_parameters_travel_as_they_are_given(path: Path) -> None:
    calls = []

    def script(peer: Peer) -> None:
        calls.append(peer.call())
        peer.reply({})

    with ScriptedDaemon(path, [script]), Client(path) as client:
        client.call("ListJobs", {"filter": {"kinds": ["develop"]}, "limit": 3})

    assert calls == [
        {"method": f"{INTERFACE}.ListJobs", "parameters": {"filter": {"kinds": ["develop"]}, "limit": 3}}
    ]


def test_an_error_of_the_daemon_is_raised_as_what_it_is(path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.refuse(f"{INTERFACE}.NoSuchPhoto", {"photoId": "p9", "since": "yesterday"})
        peer.call()
        peer.reply(SUMMARY)

    with ScriptedDaemon(path, [script]), Client(path) as client:
        with pytest.raises(NoSuchPhoto, match="p9"):
            client.get_photo("p9")
        after = client.get_summary()

    assert after == sent.summary()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        pytest.param("com.example.Odd", {"why": 1}, id="unknown"),
        pytest.param(f"{INTERFACE}.NoSuchPhoto", {"photoId": 9}, id="known-with-odd-facts"),
    ],
)
def test_an_error_nobody_knows_keeps_its_name_and_facts(
    path: Path, name: str, parameters: dict[str, Any]
) -> None:
    with (
        ScriptedDaemon(path, [refusing(name, parameters)]),
        Client(path) as client,
        pytest.raises(RemoteError) as raised,
    ):
        client.get_photo("p9")

    assert (raised.value.name, raised.value.parameters) == (name, parameters)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(b"", ConnectionLost, id="hangs-up"),
        pytest.param(b'{"parameters":{"summ', ConnectionLost, id="hangs-up-in-the-middle"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\0", ProtocolViolation, id="another-protocol"),
        pytest.param(b"[]\0", ProtocolViolation, id="no-object"),
        pytest.param(b'{"parameters":[]}\0', ProtocolViolation, id="parameters-are-a-list"),
        pytest.param(b'{"parameters":{}}\0', ProtocolViolation, id="no-summary"),
        pytest.param(b'{"parameters":{"summary":1}}\0', ProtocolViolation, id="another-summary"),
        pytest.param(b'{"continues":true}\0', ProtocolViolation, id="more-than-was-asked-for"),
        pytest.param(b'{"parameters":{"summary":"\xff"}}\0', ProtocolViolation, id="not-utf-8"),
    ],
)
def test_a_peer_that_does_not_speak_the_protocol_is_an_error(
    path: Path, data: bytes, error: type[DarkroomError]
) -> None:
    with ScriptedDaemon(path, [saying(data)]), Client(path) as client, pytest.raises(error):
        client.get_summary()


def test_a_client_goes_on_after_the_daemon_was_restarted(path: Path) -> None:
    with ScriptedDaemon(path, [answering(SUMMARY), answering(SUMMARY)]), Client(path) as client:
        first = client.get_summary()
        second = client.get_summary()

    assert first == second


def test_a_client_goes_on_with_a_new_connection_after_a_reply_it_could_not_read(path: Path) -> None:
    with ScriptedDaemon(path, [saying(b"[]\0"), answering(SUMMARY)]), Client(path) as client:
        with pytest.raises(ProtocolViolation):
            client.get_summary()

        assert client.get_summary() == sent.summary()


def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.wait_for_the_end()

    with (
        ScriptedDaemon(path, [script]),
        Client(path, timeout=0.05) as client,
        pytest.raises(DaemonUnreachable, match=r"did not answer within 0\.05 s"),
    ):
        client.get_summary()


def test_a_reply_that_comes_in_drops_has_no_more_time_than_any_other(path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.drip()

    began = time.monotonic()
    with ScriptedDaemon(path, [script]), Client(path, timeout=0.2) as client, pytest.raises(DarkroomError):
        client.get_summary()

    assert time.monotonic() - began < 10


def test_a_listener_that_accepts_nobody_is_too_busy(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(path))
        listener.listen(0)
        first.connect(str(path))

        with Client(path, timeout=0.05) as client, pytest.raises(DaemonUnreachable, match="busy"):
            client.get_summary()


@pytest.fixture
def no_more_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as first_free:
        lowest = first_free.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("no_more_files")
def test_no_room_for_a_socket_is_said_to_be_so() -> None:
    with Client("/nowhere") as client, pytest.raises(DaemonUnreachable, match="Too many open files"):
        client.get_summary()


def test_a_list_has_the_entries_of_all_pages(path: Path) -> None:
    cursors = []

    def script(peer: Peer) -> None:
        for number, following in enumerate(["one", "two", None]):
            cursors.append(peer.call()["parameters"].get("cursor"))
            page = [msgspec.to_builtins(sent.session(id=f"s{number}"))]
            peer.reply({"sessions": page, "nextCursor": following})

    with ScriptedDaemon(path, [script]), Client(path) as client:
        ids = [session.id for session in client.list_sessions()]

    assert ids == ["s0", "s1", "s2"]
    assert cursors == [None, "one", "two"]


def test_a_list_that_would_never_end_is_an_error(path: Path) -> None:
    page = {"photos": [], "nextCursor": "again"}

    with (
        ScriptedDaemon(path, [answering(page, page)]),
        Client(path) as client,
        pytest.raises(ProtocolViolation),
    ):
        list(client.list_photos("s1"))


def test_a_stream_has_a_connection_of_its_own(path: Path) -> None:
    def streaming(peer: Peer) -> None:
        assert peer.call()["more"] is True
        peer.reply({"number": 1}, continues=True)
        peer.reply({"number": 2})

    with ScriptedDaemon(path, [streaming]), Client(path) as client:
        replies = list(client.stream("Anything"))

    assert replies == [{"number": 1}, {"number": 2}]


def test_watching_goes_on_where_it_was_cut_off(path: Path) -> None:
    scripts = [
        telling(event("ready", "1"), event("photo.added", "2"), from_cursor=None),
        telling(event("photo.changed", "3"), from_cursor="2"),
    ]

    with ScriptedDaemon(path, scripts), Client(path) as client, client.watch() as events:
        kinds = [next(events).kind for _ in range(3)]
        cursor = events.cursor

    assert kinds == ["ready", "photo.added", "photo.changed"]
    assert cursor == "3"


def test_watching_goes_on_after_the_daemon_took_its_leave(path: Path) -> None:
    def leaving(peer: Peer) -> None:
        peer.call()
        peer.reply(event("ready", "1"), continues=True)
        peer.reply(event("stopping", "2"))

    scripts = [leaving, telling(event("ready", "3"), from_cursor="2")]
    with ScriptedDaemon(path, scripts), Client(path) as client, client.watch() as events:
        kinds = [next(events).kind for _ in range(3)]

    assert kinds == ["ready", "stopping", "ready"]


def test_a_watcher_that_was_too_slow_goes_on_from_the_cursor_it_is_given(path: Path) -> None:
    def too_slow(peer: Peer) -> None:
        peer.call()
        peer.reply(event("ready", "1"), continues=True)
        peer.refuse(f"{INTERFACE}.ConsumerTooSlow", {"cursor": "5"})

    scripts = [too_slow, telling(event("photo.changed", "6"), from_cursor="5")]
    with ScriptedDaemon(path, scripts), Client(path) as client, client.watch() as events:
        kinds = [next(events).kind for _ in range(2)]

    assert kinds == ["ready", "photo.changed"]


def test_a_cursor_that_is_not_known_any_more_is_told_as_a_gap(path: Path) -> None:
    scripts = [
        refusing(f"{INTERFACE}.InvalidCursor", {"cursor": "old"}),
        telling(event("ready", "1"), from_cursor=None),
    ]

    with ScriptedDaemon(path, scripts), Client(path) as client, client.watch(cursor="old") as events:
        kinds = [next(events).kind for _ in range(2)]

    assert kinds == ["reset", "ready"]


def test_a_daemon_that_does_not_come_back_ends_the_watching(path: Path) -> None:
    scripts = [telling(event("ready", "1"), from_cursor=None)]

    with ScriptedDaemon(path, scripts), Client(path) as client, client.watch(patience=0.1) as events:
        first = next(events)
        with pytest.raises(DaemonUnreachable):
            next(events)

    assert first.kind == "ready"


def test_a_daemon_that_was_never_there_is_not_waited_for(path: Path) -> None:
    with Client(path) as client, client.watch(patience=60) as events, pytest.raises(DaemonUnreachable):
        next(events)


def test_a_watcher_that_is_refused_is_told_why(path: Path) -> None:
    scripts = [refusing("org.varlink.service.PermissionDenied", {})]

    with (
        ScriptedDaemon(path, scripts),
        Client(path) as client,
        client.watch() as events,
        pytest.raises(DarkroomError, match="may not"),
    ):
        next(events)


def test_the_filters_of_a_watcher_are_sent(path: Path) -> None:
    calls = []

    def script(peer: Peer) -> None:
        calls.append(peer.call()["parameters"])
        peer.reply(event("ready", "1"), continues=True)

    with ScriptedDaemon(path, [script]), Client(path) as client:
        watching = client.watch(kinds=["ready"], job_ids=[7], session_ids=["s1"], progress_interval_usec=0)
        with watching as events:
            next(events)

    assert calls == [{"kinds": ["ready"], "jobIds": [7], "sessionIds": ["s1"], "progressIntervalUsec": 0}]


def test_a_new_kind_of_event_is_handed_on(path: Path) -> None:
    reply = event("moon.risen", "1")
    reply["event"]["moon"] = {"phase": "full"}

    with (
        ScriptedDaemon(path, [telling(reply, from_cursor=None)]),
        Client(path) as client,
        client.watch() as events,
    ):
        happened = next(events)

    assert happened == replace(happened, kind="moon.risen")


def test_where_there_is_no_socket_the_error_names_it_and_the_remedy(path: Path) -> None:
    with Client(path) as client, pytest.raises(DaemonUnreachable) as raised:
        client.get_summary()

    assert str(path) in raised.value.message
    assert "Start it with darkroomd" in raised.value.message


def test_a_file_in_place_of_the_socket_is_called_that(path: Path) -> None:
    path.touch()

    with Client(path) as client, pytest.raises(DaemonUnreachable, match=r"is no socket\. .*--socket"):
        client.get_summary()


def test_a_socket_that_was_left_over_is_no_daemon(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))

    with Client(path) as client, pytest.raises(DaemonUnreachable, match="nobody listens"):
        client.get_summary()


def test_a_socket_may_have_any_name(path: Path) -> None:
    odd = path.with_name(os.fsdecode(b"\xff\n s"))

    with ScriptedDaemon(odd, [answering(SUMMARY)]), Client(odd) as client:
        assert client.get_summary() == sent.summary()


def test_too_slow_without_having_heard_anything_is_an_error(path: Path) -> None:
    scripts = [refusing(f"{INTERFACE}.ConsumerTooSlow", {"cursor": "5"})]

    with (
        ScriptedDaemon(path, scripts),
        Client(path) as client,
        client.watch() as events,
        pytest.raises(ConsumerTooSlow),
    ):
        next(events)


def test_a_photo_is_looked_for_again_where_the_daemon_went_away_while_it_was_listed(path: Path) -> None:
    photo = sent.photo(state="developed")
    session = {"sessions": [msgspec.to_builtins(sent.session())], "nextCursor": None}
    photos = {"photos": [msgspec.to_builtins(photo)], "nextCursor": None}
    scripts = [
        telling(event("ready", "1"), from_cursor=None),
        refusing(f"{INTERFACE}.Stopping", {}),
        telling(event("ready", "1"), from_cursor="1"),
        answering(session, photos),
    ]

    with ScriptedDaemon(path, scripts), Client(path) as client:
        found = client.wait_until_developed("/photos/Wedding/Raw/IMG_1.NEF", timeout_usec=20_000_000)

    assert found == photo


def test_a_photo_is_not_waited_for_where_there_is_no_daemon(path: Path) -> None:
    with Client(path) as client, pytest.raises(DaemonUnreachable):
        client.wait_until_developed("/photos/Wedding/Raw/IMG_1.NEF")
