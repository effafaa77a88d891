"""The figures of the daemon, for monitoring."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from darkroom.errors import METRICS_INTERFACE
from darkroom.protocol.metrics import GetMetrics, MetricsReply
from darkroomd.api.requests import Handlers, Request

Gather: TypeAlias = Callable[[], Awaitable[str]]
"""Returns all figures as text."""


class MetricsHandlers:
    """Answers with all figures."""

    def __init__(self, gather: Gather) -> None:
        self._gather = gather

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {f"{METRICS_INTERFACE}.GetMetrics": self.get_metrics}

    async def get_metrics(self, _: Request[GetMetrics]) -> MetricsReply:
        """Return the figures of this moment."""
        return MetricsReply(text=await self._gather())
