from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.wire.frames import WireError
from darkroom.wire.messages import (
    NESTING_LIMIT,
    Call,
    Mode,
    Reply,
    decode_call,
    decode_reply,
    encode_call,
    encode_parameters,
    encode_reply,
)

OBJECTS = st.dictionaries(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


def nested(depth: int) -> bytes:
    """Return a call with that many brackets inside one another, the envelope's included."""
    inside = depth - 2
    return b'{"method":"a.B","parameters":{"x":' + b"[" * inside + b"]" * inside + b"}}"


@pytest.mark.parametrize(
    ("frame", "call"),
    [
        pytest.param(b'{"method":"a.B"}', Call("a.B"), id="no-parameters"),
        pytest.param(b'{"method":"a.B","parameters":null}', Call("a.B"), id="null-parameters"),
        pytest.param(b'{"method":"a.B","parameters":{}}', Call("a.B"), id="empty-parameters"),
        pytest.param(
            b' {"parameters" : {"x" : 1} ,\r\n"method":"a.B"}\n', Call("a.B", b'{"x" : 1}'), id="blanks"
        ),
        pytest.param(b'{"method":"a.B","more":true}', Call("a.B", mode=Mode.MORE), id="more"),
        pytest.param(b'{"method":"a.B","oneway":true}', Call("a.B", mode=Mode.ONEWAY), id="oneway"),
        pytest.param(b'{"method":"a.B","upgrade":true}', Call("a.B", mode=Mode.UPGRADE), id="upgrade"),
        pytest.param(
            b'{"method":"a.B","more":false,"oneway":null,"upgrade":false}',
            Call("a.B"),
            id="flags-that-are-off",
        ),
        pytest.param(b'{"method":"a.B","org.example":{"x":1}}', Call("a.B"), id="vendor-member"),
        pytest.param(b'{"method":""}', Call(""), id="empty-method"),
        pytest.param(nested(NESTING_LIMIT), decode_call(nested(NESTING_LIMIT)), id="as-deep-as-allowed"),
        pytest.param(
            b'{"method":"a.B","parameters":{"x":"' + b"[" * 100 + b'\\""}}',
            Call("a.B", b'{"x":"' + b"[" * 100 + b'\\""}'),
            id="brackets-in-text",
        ),
    ],
)
def test_a_call_is_read(frame: bytes, call: Call) -> None:
    assert decode_call(frame) == call


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"[]", id="array"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="no-method"),
        pytest.param(b'{"method":null}', id="null-method"),
        pytest.param(b'{"method":1}', id="method-not-text"),
        pytest.param(b'{"method":"a.B"} {}', id="two-documents"),
        pytest.param(b'{"method":"a.B","parameters":[]}', id="parameters-array"),
        pytest.param(b'{"method":"a.B","parameters":"x"}', id="parameters-text"),
        pytest.param(b'{"method":"a.B","more":1}', id="flag-number"),
        pytest.param(b'{"method":"a.B","more":"true"}', id="flag-text"),
        pytest.param(b'{"method":"a.B","more":true,"oneway":true}', id="two-flags"),
        pytest.param(b'{"method":"a.B","flags":{}}', id="unknown-member"),
        pytest.param(b'{"method":"a.B","X-flags":{}}', id="x-member"),
        pytest.param(b'{"method":"a.B","parameters":{"x":"\\ud800"}}', id="lone-surrogate"),
        pytest.param(b'{"method":"a.B","parameters":{"x":"\xff"}}', id="not-utf-8"),
        pytest.param(b'{"method":"a.B","parameters":{"x":"\xed\xa0\x80"}}', id="surrogate-in-utf-8"),
        pytest.param(b'{"method":"a.B","parameters":{"x":NaN}}', id="not-a-number"),
        pytest.param(b'{"method":"a.B","parameters":{"x":"\n"}}', id="raw-line-break-in-text"),
        pytest.param(b'\xef\xbb\xbf{"method":"a.B"}', id="byte-order-mark"),
        pytest.param(nested(NESTING_LIMIT + 1), id="too-deep"),
        pytest.param(b'{"method":"a.B","parameters":{"x":' + b"[" * 100_000, id="far-too-deep"),
        pytest.param(b'{"method":"a.B","parameters":' + b"]" * 100_000 + b"[" * 100_000, id="unbalanced"),
    ],
)
def test_what_is_no_call_is_refused(frame: bytes) -> None:
    with pytest.raises(WireError):
        decode_call(frame)


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        pytest.param(b"{}", Reply(), id="empty"),
        pytest.param(b'{"parameters":null,"error":null,"continues":null}', Reply(), id="nulls"),
        pytest.param(
            b'{"parameters":{"x":1},"continues":true}', Reply(b'{"x":1}', continues=True), id="more"
        ),
        pytest.param(b'{"error":"a.No"}', Reply(error="a.No"), id="error"),
        pytest.param(b'{"org.example":{}}', Reply(), id="vendor-member"),
    ],
)
def test_a_reply_is_read(frame: bytes, reply: Reply) -> None:
    assert decode_reply(frame) == reply


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b'{"error":"a.No","continues":true}', id="error-that-continues"),
        pytest.param(b'{"error":1}', id="error-not-text"),
        pytest.param(b'{"method":"a.B"}', id="a-call"),
        pytest.param(b'{"parameters":[]}', id="parameters-array"),
    ],
)
def test_what_is_no_reply_is_refused(frame: bytes) -> None:
    with pytest.raises(WireError):
        decode_reply(frame)


@pytest.mark.parametrize(
    ("reply", "frame"),
    [
        pytest.param(Reply(), b"{}", id="empty"),
        pytest.param(Reply(b'{"x":null}'), b'{"parameters":{"x":null}}', id="parameters"),
        pytest.param(
            Reply(b'{"x":1}', continues=True), b'{"parameters":{"x":1},"continues":true}', id="continues"
        ),
        pytest.param(Reply(b'{"x":1}', error="a.No"), b'{"error":"a.No","parameters":{"x":1}}', id="error"),
    ],
)
def test_a_reply_has_no_member_that_says_nothing(reply: Reply, frame: bytes) -> None:
    assert encode_reply(reply) == frame


@given(method=st.text(), parameters=OBJECTS, mode=st.sampled_from(Mode))
def test_a_call_is_read_as_it_was_written(method: str, parameters: dict[str, Any], mode: Mode) -> None:
    call = Call(method, encode_parameters(parameters), mode)

    assert decode_call(encode_call(call)) == call


@given(parameters=OBJECTS, continues=st.booleans())
def test_a_reply_is_read_as_it_was_written(parameters: dict[str, Any], continues: bool) -> None:
    reply = Reply(encode_parameters(parameters), continues=continues)

    assert decode_reply(encode_reply(reply)) == reply


@given(text=st.text(st.characters(categories=None)))
def test_no_peer_is_sent_a_nul_or_half_a_character(text: str) -> None:
    encoded = encode_parameters({text: [text]})

    assert "\0" not in msgspec.json.decode(encoded)[next(iter(msgspec.json.decode(encoded)))][0]
    assert encoded.decode()


def test_half_a_character_is_shown_as_unreadable() -> None:
    assert encode_parameters({"a": "x\udcffy\0"}) == '{"a":"x\ufffdy\ufffd"}'.encode()


def test_half_a_character_anywhere_in_a_value_is_shown_as_unreadable() -> None:
    class Named(msgspec.Struct):
        """A value with names inside names."""

        names: tuple[str, ...]
        more: dict[str, tuple[str, ...]]

    encoded = encode_parameters(Named(("a\udcff",), {"b\udcff": ("c\0",)}))

    assert msgspec.json.decode(encoded) == {"names": ["a\ufffd"], "more": {"b\ufffd": ["c\ufffd"]}}


def test_text_that_only_looks_like_an_escaped_nul_is_kept() -> None:
    assert msgspec.json.decode(encode_parameters({"a": "\\u0000"})) == {"a": "\\u0000"}


def test_raw_values_inside_others_are_not_taken_apart_for_what_only_looks_like_a_nul() -> None:
    class Enclosing(msgspec.Struct):
        """A value with one that was encoded before."""

        event: msgspec.Raw

    event = encode_parameters({"a": "\\u0000", "b": "\\\\u0000"})

    assert encode_parameters(Enclosing(msgspec.Raw(event))) == b'{"event":' + event + b"}"
