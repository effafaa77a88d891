"""Keeps the log lines of photos that are being worked on, until their items end."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

from darkroomd.core.story import LEVELS, LogLine, Subject

MOST_STORIES: Final = 4096
"""Photos whose lines are kept at a time; the oldest are dropped first."""

MOST_LINES: Final = 200
"""Lines kept of one item, or of a story beside its items: the first, which say how it began."""

_IDS: Final = frozenset({"correlation_id", "job", "item", "event", "level", "timestamp"})


@dataclass(slots=True)
class _Story:
    """Lines of one correlation ID, how many of them each item has, and which jobs any; None: none."""

    lines: list[LogLine] = field(default_factory=list[LogLine])
    counts: Counter[int | None] = field(default_factory=Counter[int | None])
    jobs: set[int | None] = field(default_factory=set[int | None])


class Stories:
    """A log processor that remembers; what it is given, it passes on unchanged."""

    def __init__(self, now_usec: Callable[[], int]) -> None:
        self._now_usec = now_usec
        self._stories: OrderedDict[str, _Story] = OrderedDict()

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Remember an event that belongs to a photo."""
        correlation_id = event.get("correlation_id")
        if isinstance(correlation_id, str):
            self._remember(correlation_id, event)
        return event

    def told_of(self, subject: Subject) -> tuple[LogLine, ...]:
        """Return the lines of a photo, a job or an item that are not stored yet, in order of time."""
        if subject.correlation_id is not None:
            story = self._stories.get(subject.correlation_id)
            return () if story is None else tuple(story.lines)
        # Other threads write lines meanwhile: what is gone through must not grow.
        lines = (line for story in tuple(self._stories.values()) for line in _lines_of(story, subject))
        return tuple(sorted(lines, key=lambda line: line.at_usec))

    def take(self, correlation_id: str) -> tuple[LogLine, ...]:
        """Return the lines of a photo and forget them."""
        story = self._stories.pop(correlation_id, None)
        return () if story is None else tuple(story.lines)

    def _remember(self, correlation_id: str, event: Mapping[str, Any]) -> None:
        story = self._stories.setdefault(correlation_id, _Story())
        line = self._line(correlation_id, event)
        if story.counts[line.item_id] < MOST_LINES:
            story.counts[line.item_id] += 1
            story.jobs.add(line.job_id)
            story.lines.append(line)
        while len(self._stories) > MOST_STORIES:
            self._stories.popitem(last=False)

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


def _lines_of(story: _Story, subject: Subject) -> list[LogLine]:
    if subject.item_id is not None:
        count = story.counts.get(subject.item_id)
        return [line for line in story.lines if line.item_id == subject.item_id] if count else []
    if subject.job_id not in story.jobs:
        return []
    return [line for line in story.lines if line.job_id == subject.job_id]


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
