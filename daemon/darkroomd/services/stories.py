"""Keeps the log lines of photos that are being worked on, until their items end."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

from darkroomd.core.story import LEVELS, LogLine

MOST_STORIES: Final = 4096
"""Photos whose lines are kept at a time; the oldest are dropped first."""

MOST_LINES: Final = 200
"""Lines kept of one photo; later ones are dropped, the first say how it began."""

_IDS: Final = frozenset({"correlation_id", "job", "item", "event", "level", "timestamp"})


class Stories:
    """A log processor that remembers; what it is given, it passes on unchanged."""

    def __init__(self, now_usec: Callable[[], int]) -> None:
        self._now_usec = now_usec
        self._lines: OrderedDict[str, list[LogLine]] = OrderedDict()

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Remember an event that belongs to a photo."""
        correlation_id = event.get("correlation_id")
        if isinstance(correlation_id, str):
            self._remember(correlation_id, event)
        return event

    def told_of(self, correlation_id: str) -> tuple[LogLine, ...]:
        """Return the lines of a photo that are not stored yet."""
        return tuple(self._lines.get(correlation_id, ()))

    def take(self, correlation_id: str) -> tuple[LogLine, ...]:
        """Return the lines of a photo and forget them."""
        return tuple(self._lines.pop(correlation_id, ()))

    def _remember(self, correlation_id: str, event: Mapping[str, Any]) -> None:
        lines = self._lines.setdefault(correlation_id, [])
        if len(lines) < MOST_LINES:
            lines.append(self._line(correlation_id, event))
        while len(self._lines) > MOST_STORIES:
            self._lines.popitem(last=False)

    def _line(self, correlation_id: str, event: Mapping[str, Any]) -> LogLine:
        return LogLine(
            at_usec=self._now_usec(),
            level=LEVELS.get(str(event.get("level")), LEVELS["info"]),
            event=str(event.get("event")),
            correlation_id=correlation_id,
            job_id=_number(event.get("job")),
            item_id=_number(event.get("item")),
            fields={key: value for key, value in event.items() if key not in _IDS},
        )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
