from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom import errors
from darkroom.errors import DARKROOM_ERRORS, SERVICE_ERRORS, DarkroomError
from darkroom.protocol.faults import from_wire, to_wire

EXAMPLES: list[DarkroomError] = [
    errors.NoSuchSession("s1"),
    errors.NoSuchRoot("r1"),
    errors.NoSuchPhoto("p1"),
    errors.NoSuchPreset("warm"),
    errors.NoSuchJob(7),
    errors.NoSuchItem(8),
    errors.NoSuchOutput("o1"),
    errors.InvalidJobState(7, "running"),
    errors.SessionBusy("s1", (7, 8)),
    errors.PathNotAllowed("/x", "The folder /x does not exist."),
    errors.InvalidConfiguration("The file has errors.", ("a = 1",)),
    errors.InvalidCursor("c"),
    errors.ConsumerTooSlow("c"),
    errors.TimedOut(),
    errors.LimitReached("connections", 64),
    errors.Stopping(),
    errors.Internal("A bug.", "abc"),
    errors.InterfaceNotFound("io.x"),
    errors.MethodNotFound("io.x.Y"),
    errors.MethodNotImplemented("io.x.Y"),
    errors.InvalidParameter("limit"),
    errors.PermissionDenied(),
    errors.ExpectedMore(),
    errors.ExpectedUpgrade(),
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def test_there_is_an_example_of_every_error() -> None:
    assert [type(error) for error in EXAMPLES] == [*DARKROOM_ERRORS, *SERVICE_ERRORS]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: error.code)
def test_an_error_comes_off_the_wire_as_it_went_on(error: DarkroomError) -> None:
    name, parameters = to_wire(error)

    received = from_wire(name, parameters)

    assert type(received) is type(error)
    assert (received.message, received.context) == (error.message, error.context)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: error.code)
def test_an_error_says_a_whole_sentence(error: DarkroomError) -> None:
    assert error.message[0].isupper()
    assert error.message.endswith(".")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(
            errors.InvalidJobState(7, "running"),
            ("io.darkroomd.Darkroom.InvalidJobState", {"jobId": 7, "state": "running"}),
            id="own",
        ),
        pytest.param(
            errors.PathNotAllowed("/x", "No."),
            ("io.darkroomd.Darkroom.PathNotAllowed", {"path": "/x", "message": "No."}),
            id="with-message",
        ),
        pytest.param(
            errors.InvalidParameter("limit"),
            ("org.varlink.service.InvalidParameter", {"parameter": "limit"}),
            id="of-the-service-interface",
        ),
        pytest.param(errors.TimedOut(), ("io.darkroomd.Darkroom.TimedOut", {}), id="without-parameters"),
    ],
)
def test_an_error_travels_under_its_qualified_name(
    error: DarkroomError, expected: tuple[str, dict[str, Any]]
) -> None:
    assert to_wire(error) == expected


def test_a_closer_error_travels_as_the_one_it_is_a_case_of() -> None:
    class FolderMissing(errors.PathNotAllowed):
        """The folder is not there."""

        def __init__(self) -> None:
            super().__init__("/x", "The folder /x does not exist.")

    name, parameters = to_wire(FolderMissing())

    assert name == "io.darkroomd.Darkroom.PathNotAllowed"
    assert parameters == {"path": "/x", "message": "The folder /x does not exist."}


def test_an_error_that_is_not_of_the_protocol_does_not_travel() -> None:
    with pytest.raises(TypeError, match="ConnectionLost"):
        to_wire(errors.ConnectionLost())


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        pytest.param("io.darkroomd.Darkroom.Newer", {"a": 1}, id="unknown-name"),
        pytest.param("io.darkroomd.Darkroom.NoSuchJob", {}, id="missing-parameter"),
        pytest.param("io.darkroomd.Darkroom.NoSuchJob", {"jobId": "x"}, id="wrong-type"),
        pytest.param("io.darkroomd.Darkroom.NoSuchJob", {"jobId": None}, id="null"),
    ],
)
def test_an_error_that_makes_no_sense_keeps_what_was_sent(name: str, parameters: dict[str, Any]) -> None:
    received = from_wire(name, parameters)

    assert isinstance(received, errors.RemoteError)
    assert (received.name, received.parameters) == (name, parameters)


def test_parameters_of_a_newer_daemon_are_ignored() -> None:
    received = from_wire("io.darkroomd.Darkroom.NoSuchJob", {"jobId": 3, "since": 1})

    assert isinstance(received, errors.NoSuchJob)
    assert received.context == {"job_id": 3}


@given(
    name=st.sampled_from([to_wire(error)[0] for error in EXAMPLES]) | st.text(),
    parameters=st.dictionaries(
        st.sampled_from(["jobId", "path", "message", "state", "problems"]) | st.text(), JSON, max_size=4
    ),
)
def test_nothing_that_is_received_as_an_error_breaks_the_receiver(
    name: str, parameters: dict[str, Any]
) -> None:
    assert isinstance(from_wire(name, parameters), DarkroomError)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(errors.NoSuchPhoto("p"), 5, id="not-found"),
        pytest.param(errors.PermissionDenied(), 4, id="not-permitted"),
        pytest.param(errors.DaemonUnreachable("/s", "nobody listens"), 3, id="unreachable"),
        pytest.param(errors.ConnectionLost(), 3, id="lost"),
        pytest.param(errors.InvalidParameter("limit"), 2, id="usage"),
        pytest.param(errors.TimedOut(), 1, id="failed"),
    ],
)
def test_an_error_decides_the_exit_status(error: DarkroomError, status: int) -> None:
    assert error.exit_status == status
