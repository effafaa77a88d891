"""Faults that repeat: the first is told, those after it are counted, and the count is told now and then."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

ROUND_SECONDS: Final = 60.0
"""Between two counts of one fault; one that did not come again for so long is told like a new one."""

MOST_FAULTS: Final = 512
"""Faults that are counted at a time; the oldest are given up first, with their counts told."""

_OF_PEERS: Final = frozenset({"connection_malformed", "connection_turned_away", "connections_exhausted"})
"""Lines that whoever may open the socket can have written again and again, with words of their choice."""

_FAULTS: Final = frozenset({"warning", "error", "critical"})
_NOT_WHAT_IT_IS: Final = frozenset({"timestamp", "call", "method", "exc_info", "component"})
_NUMBERS_THAT_NAME: Final = frozenset({"uid", "job", "item"})

LONGEST_WORD: Final = 200
"""Characters of each value that two faults are told apart by, and more than a path's own difference takes."""


@dataclass(frozen=True, slots=True)
class Count:
    """How often a fault came again after it was told, and in how many seconds; `event` is what was told."""

    event: Mapping[str, Any]
    repeated: int
    over_seconds: float


@dataclass(slots=True)
class _Fault:
    event: Mapping[str, Any]
    since: float
    repeated: int = 0


def fault_in(event: Mapping[str, Any], *, bug: BaseException | None = None) -> Hashable | None:
    """Return what a line has in common with its repetitions; None: it is to be written in any case.

    That is all it says but numbers: the code, the session or folder, what is wrong, the bug that it tells
    of. Whatever belongs to a photo's story is written.
    """
    name = event.get("event")
    if name in _OF_PEERS:
        return (name, event.get("uid"))
    if event.get("level") not in _FAULTS or event.get("correlation_id") is not None:
        return None
    return (name, *_words(event), repr(bug)[:LONGEST_WORD])


def _words(event: Mapping[str, Any]) -> Iterator[tuple[str, Hashable]]:
    for key, value in sorted(event.items()):
        if isinstance(value, str) and key not in _NOT_WHAT_IT_IS:
            # The end of a path tells more than its beginning.
            yield key, value if len(value) <= LONGEST_WORD else (value[-LONGEST_WORD:], hash(value))
        elif key in _NUMBERS_THAT_NAME:
            yield key, str(value)


class Repetitions:
    """Counts faults by what `fault_in` makes of them. Moments are seconds of a clock that never jumps."""

    def __init__(self) -> None:
        self._faults: OrderedDict[Hashable, _Fault] = OrderedDict()
        self._given_up: list[Count] = []

    @property
    def is_counting(self) -> bool:
        """Whether there may be something to tell later."""
        return bool(self._faults or self._given_up)

    def is_first(self, fault: Hashable, event: Mapping[str, Any], *, now: float) -> bool:
        """Tell whether a fault is to be told; if not, it is counted. Call `take_due` before."""
        known = self._faults.get(fault)
        if known is not None:
            known.repeated += 1
            return False
        self._faults[fault] = _Fault(event, now)
        while len(self._faults) > MOST_FAULTS:
            _, oldest = self._faults.popitem(last=False)
            self._given_up += _counted(oldest, now)
        return True

    def take_due(self, *, now: float, all_of_them: bool = False) -> list[Count]:
        """Return the counts that are to be told now; what did not come again is forgotten.

        With `all_of_them` also those that could wait: nothing follows.
        """
        due, self._given_up = self._given_up, []
        for fault, known in tuple(self._faults.items()):
            if not all_of_them and now - known.since < ROUND_SECONDS:
                # Those behind it were told, or counted, later.
                break
            del self._faults[fault]
            if known.repeated:
                due += _counted(known, now)
                self._faults[fault] = _Fault(known.event, now)
        return due


def _counted(fault: _Fault, now: float) -> list[Count]:
    return [Count(fault.event, fault.repeated, round(now - fault.since, 3))] if fault.repeated else []
