from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.wire.frames import FrameBuffer, Framing, WireError
from darkroom.wire.messages import is_call

CALL = b'{"method":"a.B"}'
OTHER = b'{"method":"a.C"}'


def speaking_to_people(*, limit: int = 1000) -> FrameBuffer:
    return FrameBuffer(limit=limit, begins_lines=is_call)


def frames_of(buffer: FrameBuffer, *chunks: bytes) -> list[bytes]:
    found: list[bytes] = []
    for chunk in chunks:
        buffer.feed(chunk)
        while (frame := buffer.take()) is not None:
            found.append(frame)
    return found


@pytest.mark.parametrize(
    ("stream", "frames", "framing"),
    [
        pytest.param(CALL + b"\0" + OTHER + b"\0", [CALL, OTHER], Framing.NUL, id="nul"),
        pytest.param(CALL + b"\n" + OTHER + b"\n", [CALL, OTHER], Framing.LINES, id="lines"),
        pytest.param(
            CALL + b"\r\n" + OTHER + b"\r\n", [CALL + b"\r", OTHER + b"\r"], Framing.LINES, id="crlf"
        ),
        pytest.param(CALL + b"\n" + OTHER + b"\0", [CALL, OTHER], Framing.LINES, id="nul-among-lines"),
        pytest.param(CALL + b"\n\n\r\n" + OTHER + b"\n", [CALL, OTHER], Framing.LINES, id="blank-lines"),
        pytest.param(b"\n \r\n" + CALL + b"\n", [CALL], Framing.LINES, id="blanks-before-a-line"),
        pytest.param(b"\n " + CALL + b"\0", [CALL], Framing.NUL, id="blanks-before-a-message"),
        pytest.param(b'{\n"method":"a.B"}\0', [b'{\n"method":"a.B"}'], Framing.NUL, id="break-inside"),
        pytest.param(
            b'{\n"method":"a.B"}\n' + OTHER + b"\0",
            [b'{\n"method":"a.B"}\n' + OTHER],
            Framing.NUL,
            id="one-try",
        ),
        pytest.param(CALL + b"\0" + OTHER + b"\n", [CALL], Framing.NUL, id="nul-for-good"),
        pytest.param(CALL + b"\0\0", [CALL, b""], Framing.NUL, id="an-empty-message-is-one"),
    ],
)
def test_the_first_message_decides_what_ends_one(
    stream: bytes, frames: list[bytes], framing: Framing
) -> None:
    buffer = speaking_to_people()

    found = frames_of(buffer, stream)

    assert found == frames
    assert buffer.framing is framing


@pytest.mark.parametrize(
    ("stream", "frames", "framing"),
    [
        pytest.param(CALL, [CALL], Framing.LINES, id="only-one"),
        pytest.param(CALL + b"\n" + OTHER, [CALL, OTHER], Framing.LINES, id="last-line"),
        pytest.param(CALL + b"\0" + OTHER, [CALL, OTHER], Framing.NUL, id="last-message"),
        pytest.param(CALL + b"\0\n", [CALL], Framing.NUL, id="blanks-are-nothing"),
        pytest.param(
            b'{\n"method":"a.B"\n}\n', [b'{\n"method":"a.B"\n}\n'], Framing.NUL, id="pretty-printed"
        ),
        pytest.param(b"", [], Framing.LINES, id="nothing"),
    ],
)
def test_the_last_message_needs_no_terminator(stream: bytes, frames: list[bytes], framing: Framing) -> None:
    buffer = speaking_to_people()

    found = frames_of(buffer, stream, b"")

    assert found == frames
    assert buffer.framing is framing


def test_a_client_waits_for_the_terminator_and_takes_no_lines() -> None:
    buffer = FrameBuffer(limit=1000)

    found = frames_of(buffer, b"{}\n", b"{}\0{}", b"")

    assert found == [b"{}\n{}"]


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"GET / HTTP/1.1", id="http"),
        pytest.param(b" \n[", id="after-blanks"),
        pytest.param(b"\0", id="nul"),
    ],
)
def test_a_stream_that_does_not_begin_like_a_message_is_refused_at_once(stream: bytes) -> None:
    buffer = speaking_to_people()

    with pytest.raises(WireError, match="first byte"):
        frames_of(buffer, stream)


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([b"{" + b"x" * 1000], id="unterminated"),
        pytest.param([b"{" + b"x" * 1000 + b"\0"], id="terminated"),
        pytest.param([CALL + b"\0", b"x" * 600, b"x" * 600], id="in-pieces-after-another"),
    ],
)
@pytest.mark.parametrize(
    "begins_lines", [pytest.param(None, id="client"), pytest.param(is_call, id="daemon")]
)
def test_a_message_longer_than_the_limit_is_refused(chunks: list[bytes], begins_lines: object) -> None:
    buffer = FrameBuffer(limit=1000, begins_lines=is_call if begins_lines else None)

    with pytest.raises(WireError, match="1000 bytes"):
        frames_of(buffer, *chunks)


def test_a_message_of_exactly_the_limit_is_read() -> None:
    buffer = FrameBuffer(limit=1000)

    assert frames_of(buffer, b"x" * 1000 + b"\0") == [b"x" * 1000]


def test_a_long_message_in_small_pieces_costs_linear_time() -> None:
    def seconds(pieces: int) -> float:
        buffer = speaking_to_people(limit=1 << 30)
        begin = time.process_time()
        frames_of(buffer, b"{", *[b"x" * 16] * pieces)
        return time.process_time() - begin

    ratio = min(seconds(32_000) for _ in range(3)) / min(seconds(4_000) for _ in range(3))

    # Eight times the pieces; what grows with the square would take sixty-four times as long.
    assert ratio < 24


def test_many_lines_at_once_cost_linear_time() -> None:
    def seconds(lines: int) -> float:
        buffer = speaking_to_people(limit=1 << 30)
        begin = time.process_time()
        frames_of(buffer, (CALL + b"\n") * lines)
        return time.process_time() - begin

    ratio = min(seconds(32_000) for _ in range(3)) / min(seconds(4_000) for _ in range(3))

    assert ratio < 24


@given(
    messages=st.lists(
        st.tuples(
            st.sampled_from([CALL, OTHER, b'{"method":"a.\\u00e4","parameters":{"t":"\xc3\xa9"}}']),
            st.sampled_from([b"\n", b"\r\n", b"\0", b"\n\n"]),
        ),
        min_size=1,
        max_size=6,
    ),
    cuts=st.lists(st.integers(0, 400), max_size=12),
    rest=st.sampled_from([b"", CALL]),
)
def test_any_chunking_yields_the_same_frames(
    messages: list[tuple[bytes, bytes]], cuts: list[int], rest: bytes
) -> None:
    stream = b"".join(message + end for message, end in messages) + rest
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[a:b] for a, b in itertools.pairwise(edges)]

    whole, pieces = speaking_to_people(), speaking_to_people()

    assert frames_of(pieces, *chunks, b"") == frames_of(whole, stream, b"")
    assert pieces.framing is whole.framing
