from __future__ import annotations

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

import sent
from darkroom.client.reading import value_in
from darkroom.errors import ProtocolViolation
from darkroom.protocol.replies import JobReply, JobsReply, SummaryReply
from darkroom.protocol.types import Job


def changed(reply: msgspec.Struct, old: bytes, new: bytes) -> bytes:
    document = msgspec.json.encode(reply)
    assert old in document
    return document.replace(old, new)


def test_a_reply_is_read_as_it_was_meant() -> None:
    reply = JobsReply(jobs=(sent.job(),), next_cursor="c")

    assert value_in(msgspec.json.encode(reply), JobsReply) == reply


def test_a_field_of_a_newer_daemon_is_ignored() -> None:
    document = changed(SummaryReply(summary=sent.summary()), b'"text":', b'"mood":{"good":true},"text":')

    assert value_in(document, SummaryReply).summary == sent.summary()


def test_a_new_word_of_an_enumeration_stands_as_it_is() -> None:
    document = changed(JobsReply(jobs=(sent.job(),)), b'"running"', b'"dreaming"')

    (job,) = value_in(document, JobsReply).jobs

    assert job.state == "dreaming"
    assert job.progress == sent.progress()
    assert b'"dreaming"' in msgspec.json.encode(job)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b'"id":7', b'"id":"seven"', id="wrong-type"),
        pytest.param(b'"id":7,', b"", id="missing"),
        pytest.param(b'"running"', b"5", id="state-is-a-number"),
        pytest.param(b'"stateReasons":[]', b'"stateReasons":{}', id="not-a-list"),
    ],
)
def test_a_reply_that_makes_no_sense_is_said_to_be_so(old: bytes, new: bytes) -> None:
    document = changed(JobReply(job=sent.job()), old, new)

    with pytest.raises(ProtocolViolation, match="JobReply"):
        value_in(document, JobReply)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(job=st.dictionaries(st.sampled_from([field.encode_name for field in fields(Job)]), JSON))
def test_whatever_a_peer_replies_is_read_or_said_to_make_no_sense(job: dict[str, object]) -> None:
    whole = {**msgspec.to_builtins(sent.job()), **job}

    with suppress(ProtocolViolation):
        assert isinstance(value_in(json.dumps({"job": whole}).encode(), JobReply), JobReply)
