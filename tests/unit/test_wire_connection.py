from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.wire.connection import (
    TRANSITIONS,
    ClientConnection,
    OutOfTurnError,
    ServerConnection,
    State,
    Step,
)
from darkroom.wire.frames import WireError
from darkroom.wire.messages import Call, Mode, Reply, encode_call

ENDED = Reply()
CONTINUES = Reply(continues=True)
FAILED = Reply(error="a.No")


def serving(*calls: Call) -> ServerConnection:
    connection = ServerConnection()
    connection.receive(b"".join(encode_call(call) + b"\0" for call in calls))
    return connection


def test_calls_that_were_sent_ahead_are_answered_in_order() -> None:
    connection = serving(Call("a.B"), Call("a.C"))

    first = connection.next_call()
    connection.send(ENDED)
    second = connection.next_call()

    assert (first, second) == (Call("a.B"), Call("a.C"))


def test_no_call_begins_before_the_one_before_was_answered() -> None:
    connection = serving(Call("a.B"), Call("a.C"))
    connection.next_call()

    with pytest.raises(OutOfTurnError, match="ANSWERING"):
        connection.next_call()


def test_a_call_with_more_is_answered_until_a_reply_does_not_continue() -> None:
    connection = serving(Call("a.B", mode=Mode.MORE), Call("a.C"))
    connection.next_call()

    sent = [connection.send(CONTINUES), connection.send(CONTINUES), connection.send(ENDED)]

    assert sent == [b'{"continues":true}\0', b'{"continues":true}\0', b"{}\0"]
    assert connection.next_call() == Call("a.C")


@pytest.mark.parametrize("reply", [pytest.param(ENDED, id="done"), pytest.param(FAILED, id="failed")])
def test_a_oneway_call_gets_no_reply_whatever_happens(reply: Reply) -> None:
    connection = serving(Call("a.B", mode=Mode.ONEWAY), Call("a.C"))
    connection.next_call()

    assert connection.send(reply) == b""
    assert connection.next_call() == Call("a.C")


@pytest.mark.parametrize(
    ("mode", "reply"),
    [
        pytest.param(Mode.PLAIN, CONTINUES, id="continues-without-more"),
        pytest.param(Mode.ONEWAY, CONTINUES, id="continues-oneway"),
        pytest.param(Mode.UPGRADE, ENDED, id="upgrade-granted"),
    ],
)
def test_a_reply_that_may_not_come_is_our_own_mistake(mode: Mode, reply: Reply) -> None:
    connection = serving(Call("a.B", mode=mode))
    connection.next_call()

    with pytest.raises(OutOfTurnError):
        connection.send(reply)


def test_an_upgrade_that_is_refused_leaves_the_connection_as_it_was() -> None:
    connection = serving(Call("a.B", mode=Mode.UPGRADE), Call("a.C"))
    connection.next_call()

    assert connection.send(FAILED) == b'{"error":"a.No"}\0'
    assert connection.next_call() == Call("a.C")


def test_a_peer_that_has_said_all_is_still_answered() -> None:
    connection = serving(Call("a.B", mode=Mode.MORE), Call("a.C"))
    connection.receive(b"")

    first = connection.next_call()
    connection.send(CONTINUES)
    connection.send(ENDED)
    second = connection.next_call()
    connection.send(ENDED)
    third = connection.next_call()

    assert (first, second, third) == (Call("a.B", mode=Mode.MORE), Call("a.C"), None)
    assert connection.state is State.CLOSED


def test_a_person_who_ends_lines_is_answered_in_lines() -> None:
    connection = ServerConnection()
    connection.receive(b'{"method":"a.B"}\n')
    connection.next_call()

    assert connection.send(ENDED) == b"{}\n"


def test_malformed_bytes_close_the_connection_for_good() -> None:
    connection = serving(Call("a.B"))
    connection.receive(b'{"method":1}\0{"method":"a.C"}\0')
    connection.next_call()
    connection.send(ENDED)

    with pytest.raises(WireError):
        connection.next_call()

    assert connection.state is State.CLOSED
    assert connection.next_call() is None


def test_every_state_can_be_closed() -> None:
    assert all(steps[Step.CLOSE] is State.CLOSED for steps in TRANSITIONS.values())
    assert set(TRANSITIONS) == set(State)


def test_a_client_gets_the_replies_to_what_it_sent_ahead() -> None:
    connection = ClientConnection()
    sent = connection.send(Call("a.B")) + connection.send(Call("a.C", mode=Mode.ONEWAY))
    sent += connection.send(Call("a.D", mode=Mode.MORE))

    connection.receive(b'{"parameters":{"x":1}}\0{"continues":true}\0{}\0')

    replies = [connection.next_reply(), connection.next_reply(), connection.next_reply()]
    assert replies == [Reply(b'{"x":1}'), CONTINUES, ENDED]
    assert connection.waiting == 0
    assert sent == b'{"method":"a.B"}\0{"method":"a.C","oneway":true}\0{"method":"a.D","more":true}\0'


@pytest.mark.parametrize(
    ("calls", "received"),
    [
        pytest.param([], b"{}\0", id="reply-to-no-call"),
        pytest.param([Call("a.B")], b'{"continues":true}\0', id="continues-without-more"),
        pytest.param([Call("a.B", mode=Mode.ONEWAY)], b"{}\0", id="reply-to-oneway"),
        pytest.param([Call("a.B")], b'{"method":"a.B"}\0', id="a-call"),
        pytest.param([Call("a.B")], b"HTTP/1.1 400\0", id="another-protocol"),
    ],
)
def test_a_client_refuses_what_may_not_come(calls: list[Call], received: bytes) -> None:
    connection = ClientConnection()
    for call in calls:
        connection.send(call)

    connection.receive(received)

    with pytest.raises(WireError):
        connection.next_reply()


def test_a_reply_that_was_cut_off_is_none() -> None:
    connection = ClientConnection()
    connection.send(Call("a.B"))

    connection.receive(b"{}")
    connection.receive(b"")

    assert connection.next_reply() is None
    assert connection.peer_is_done
    assert connection.waiting == 1


@given(
    modes=st.lists(st.sampled_from([Mode.PLAIN, Mode.MORE, Mode.ONEWAY]), max_size=6),
    size=st.integers(1, 40),
)
def test_any_chunking_of_a_conversation_is_understood_the_same(modes: list[Mode], size: int) -> None:
    client, server = ClientConnection(), ServerConnection()
    calls = [Call(f"a.B{number}", mode=mode) for number, mode in enumerate(modes)]
    outbound = b"".join(client.send(call) for call in calls)
    heard: list[Call] = []
    inbound = b""

    for start in range(0, len(outbound), size):
        server.receive(outbound[start : start + size])
        while (call := server.next_call()) is not None:
            heard.append(call)
            inbound += b"".join(server.send(CONTINUES) for _ in range(2) if call.mode is Mode.MORE)
            inbound += server.send(ENDED)
    replies: list[Reply] = []
    for start in range(0, len(inbound), size):
        client.receive(inbound[start : start + size])
        while (reply := client.next_reply()) is not None:
            replies.append(reply)

    expected = {Mode.PLAIN: [ENDED], Mode.MORE: [CONTINUES, CONTINUES, ENDED], Mode.ONEWAY: []}
    assert heard == calls
    assert replies == [reply for mode in modes for reply in expected[mode]]
    assert client.waiting == 0


@given(
    noise=st.lists(
        st.sampled_from([b'{"method":"a.B"}', b"\0", b"\n", b"{", b"}", b'"', b"[", b" "])
        | st.binary(max_size=8),
        max_size=12,
    )
)
def test_noise_is_either_a_call_or_the_end_of_the_connection(noise: list[bytes]) -> None:
    connection = ServerConnection()

    with suppress(WireError):
        for data in [*noise, b""]:
            connection.receive(data)
            while connection.next_call() is not None:
                connection.send(ENDED)

    assert connection.state is State.CLOSED
