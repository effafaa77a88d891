"""What is counted of calls, and how little of it callers can choose."""

from __future__ import annotations

import anyio
import pytest

from darkroom.wire.messages import Call, Mode, Reply
from darkroomd.api.metered import MeteredAnswer
from darkroomd.api.requests import Caller
from darkroomd.core.access import Peer
from darkroomd.core.openmetrics import OTHER
from darkroomd.services.metering import Meters

pytestmark = pytest.mark.anyio

SUMMARY = "io.darkroomd.Darkroom.GetSummary"


async def send(_reply: Reply) -> None:
    await anyio.lowlevel.checkpoint()


CALLER = Caller(Peer(uid=1), send, lambda _file: 0)


def answering(meters: Meters, *, error: str | None = None, opened: list[int] | None = None) -> MeteredAnswer:
    async def answer(_call: Call, _caller: Caller) -> Reply:
        await anyio.lowlevel.checkpoint()
        if opened is not None:
            opened.append(meters.open_streams)
        return Reply(b"{}", error=error)

    return MeteredAnswer(answer, meters)


@pytest.mark.parametrize(
    ("method", "error", "counted"),
    [
        pytest.param(SUMMARY, None, (SUMMARY, ""), id="answered"),
        pytest.param(
            SUMMARY, "org.varlink.service.PermissionDenied", (SUMMARY, "PermissionDenied"), id="error"
        ),
        pytest.param(
            'made.Up"\n', "org.varlink.service.InterfaceNotFound", (OTHER, "InterfaceNotFound"), id="name"
        ),
    ],
)
async def test_calls_are_counted_by_methods_that_there_are(
    method: str, error: str | None, counted: tuple[str, str]
) -> None:
    meters = Meters()

    await answering(meters, error=error)(Call(method, b"{}"), CALLER)

    assert meters.calls.series() == {counted: 1}


async def test_a_stream_is_open_until_its_last_reply() -> None:
    meters, opened = Meters(), list[int]()

    await answering(meters, opened=opened)(Call(SUMMARY, b"{}", Mode.MORE), CALLER)
    await answering(meters, opened=opened)(Call(SUMMARY, b"{}"), CALLER)

    assert opened == [1, 0]
    assert meters.open_streams == 0
