"""The interface `io.darkroomd.Metrics`, which tells what monitoring wants to know."""

from __future__ import annotations

from darkroom.protocol.types import Input, Payload


class GetMetrics(Input, frozen=True, kw_only=True):
    """Ask for all figures."""


class MetricsReply(Payload, frozen=True, kw_only=True):
    """The figures of this moment."""

    text: str
