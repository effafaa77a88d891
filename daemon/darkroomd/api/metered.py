"""Counts the calls that are answered, by method and error."""

from __future__ import annotations

from darkroom.protocol.methods import QUALIFIED_METHODS
from darkroom.wire.messages import Call, Mode, Reply
from darkroomd.api.connection import Answer
from darkroomd.api.requests import Caller
from darkroomd.core.openmetrics import OTHER
from darkroomd.services.metering import Meters


class MeteredAnswer:
    """Lets somebody else answer, and counts it; names that callers made up are counted as one."""

    def __init__(self, answer: Answer, meters: Meters) -> None:
        self._answer = answer
        self._meters = meters

    async def __call__(self, call: Call, caller: Caller) -> Reply:
        """See `Answer`."""
        streams = call.mode is Mode.MORE
        self._meters.open_streams += streams
        try:
            reply = await self._answer(call, caller)
        finally:
            self._meters.open_streams -= streams
        method = call.method if call.method in QUALIFIED_METHODS else OTHER
        error = "" if reply.error is None else reply.error.rpartition(".")[2]
        self._meters.calls.add(method, error)
        return reply
