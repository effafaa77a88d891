from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.errors import InterfaceNotFound, InvalidParameter, MethodNotFound
from darkroom.protocol import calls
from darkroom.protocol.methods import QUALIFIED_METHODS
from darkroom.protocol.types import Input
from darkroomd.api.dispatch import decode_parameters, find_method, name_in
from darkroomd.api.paging import page_size

DARKROOM = "io.darkroomd.Darkroom"


@pytest.mark.parametrize(
    ("parameters", "kind", "name"),
    [
        pytest.param(b"{}", calls.GetJob, "jobId", id="missing"),
        pytest.param(b'{"jobId":null}', calls.GetJob, "jobId", id="null"),
        pytest.param(b'{"jobId":"1"}', calls.GetJob, "jobId", id="text-for-a-number"),
        pytest.param(b'{"jobId":1.0}', calls.GetJob, "jobId", id="fraction"),
        pytest.param(b'{"jobId":1e3}', calls.GetJob, "jobId", id="exponent"),
        pytest.param(b'{"jobId":true}', calls.GetJob, "jobId", id="flag-for-a-number"),
        pytest.param(b'{"jobId":9223372036854775808}', calls.GetJob, "jobId", id="too-large"),
        pytest.param(b'{"jobId":' + b"9" * 5000 + b"}", calls.GetJob, "jobId", id="far-too-large"),
        pytest.param(b'{"jobId":-9223372036854775809}', calls.GetJob, "jobId", id="too-small"),
        pytest.param(b'{"jobId":1,"job":2}', calls.GetJob, "job", id="unknown"),
        pytest.param(b'{"jobId":1,"":2}', calls.GetJob, "", id="unknown-without-a-name"),
        pytest.param(b'{"a`b - at `$.c`":2}', calls.GetJob, "a`b - at `$.c`", id="unknown-with-an-odd-name"),
        pytest.param(b'{"filter":{"states":["x"]}}', calls.ListJobs, "filter.states[0]", id="enumeration"),
        pytest.param(b'{"filter":{"new":1}}', calls.ListJobs, "filter.new", id="unknown-inside"),
        pytest.param(b'{"filter":[]}', calls.ListJobs, "filter", id="list-for-an-object"),
        pytest.param(b'{"states":"failed"}', calls.ListPhotos, "states", id="text-for-a-list"),
        pytest.param(b'{"sessionId":"s","states":[1]}', calls.ListPhotos, "states[0]", id="inside-a-list"),
    ],
)
def test_a_parameter_that_is_not_valid_is_named(parameters: bytes, kind: type[Input], name: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        decode_parameters(parameters, kind)

    assert refused.value.context == {"parameter": name}


def test_a_very_long_name_is_cut() -> None:
    with pytest.raises(InvalidParameter) as refused:
        decode_parameters(b'{"' + b"x" * 100_000 + b'":1}', calls.GetHealth)

    assert refused.value.context == {"parameter": "x" * 200}


@given(st.text())
def test_any_complaint_has_a_name(complaint: str) -> None:
    assert isinstance(name_in(complaint), str)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        pytest.param("io.example.Thing", InterfaceNotFound("io.example"), id="interface"),
        pytest.param(
            "io.darkroomd.Darkroom.Thing", MethodNotFound("io.darkroomd.Darkroom.Thing"), id="method"
        ),
        pytest.param(f"{DARKROOM}.", MethodNotFound(f"{DARKROOM}."), id="empty-method"),
        pytest.param(DARKROOM, InterfaceNotFound("io.darkroomd"), id="only-the-interface"),
        pytest.param("GetSummary", MethodNotFound("GetSummary"), id="bare"),
        pytest.param("", MethodNotFound(""), id="empty"),
        pytest.param(".", InterfaceNotFound(""), id="dot"),
        pytest.param(
            "io.darkroomd.Darkroom.getsummary", MethodNotFound("io.darkroomd.Darkroom.getsummary"), id="case"
        ),
    ],
)
def test_a_method_is_found_by_its_exact_name(name: str, error: Exception) -> None:
    with pytest.raises(type(error)) as refused:
        find_method(QUALIFIED_METHODS, name)

    assert str(refused.value) == str(error)


@pytest.mark.parametrize(("limit", "size"), [(None, 100), (1, 1), (1000, 1000)])
def test_a_page_is_as_long_as_asked(limit: int | None, size: int) -> None:
    assert page_size(limit) == size


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_one_to_a_thousand_entries(limit: int) -> None:
    with pytest.raises(InvalidParameter, match="limit"):
        page_size(limit)
