from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.protocol.types import Failure
from darkroomd.core.recipes import Recipe
from darkroomd.imaging.messages import (
    MESSAGE_LIMIT_BYTES,
    BrokenMessage,
    Develop,
    FromWorker,
    MessageReader,
    Ready,
    Refused,
    Stage,
    Target,
    encode,
)

STREAM = (
    Ready(pid=1, pipeline="p"),
    Stage(fence=3, stage="unpack", percent=0),
    Refused(fence=3, failure=Failure(code="c", message="M.", transient=False, context={"a": [1]})),
)


def develop(adjustments: dict[str, object]) -> Develop:
    return Develop(
        fence=1,
        correlation_id="c",
        job_id=1,
        item_id=1,
        attempt=1,
        source=b"/Raw/\xff\n.NEF",
        targets=(Target(recipe=Recipe(), part=b"/Jpg/.\xff.part"),),
        adjustments=adjustments,
    )


def reader() -> MessageReader[FromWorker]:
    return MessageReader(FromWorker)


@given(st.data())
def test_messages_survive_every_split_of_the_stream(data: st.DataObject) -> None:
    stream = b"".join(encode(message) for message in STREAM)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    reading = reader()

    received = [message for piece in pieces for message in reading.feed(piece)]

    assert tuple(received) == STREAM


def test_paths_travel_as_the_bytes_they_are() -> None:
    reading: MessageReader[Develop] = MessageReader(Develop)

    (received,) = reading.feed(encode(develop({})))

    assert received.source == b"/Raw/\xff\n.NEF"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\xff\xff\xff\xff", id="length-beyond-the-limit"),
        pytest.param(b"\0\0\0\1\xc1", id="not-messagepack"),
        pytest.param(b"\0\0\0\1\x80", id="no-type"),
        pytest.param(encode(develop({})), id="a-message-of-the-other-side"),
        pytest.param(b"\0\0\0\0", id="empty"),
    ],
)
def test_what_is_no_message_breaks_the_reading(sent: bytes) -> None:
    with pytest.raises(BrokenMessage):
        list(reader().feed(sent))


@given(st.binary(max_size=100))
def test_no_bytes_do_more_than_break_the_reading(sent: bytes) -> None:
    reading = reader()

    try:
        messages = list(reading.feed(sent))
    except BrokenMessage:
        messages = []

    assert all(isinstance(message, msgspec.Struct) for message in messages)


def test_a_message_over_the_limit_is_not_sent() -> None:
    with pytest.raises(BrokenMessage):
        encode(develop({"masks": "x" * MESSAGE_LIMIT_BYTES}))
