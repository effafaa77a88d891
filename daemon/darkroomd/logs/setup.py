"""Sets logging up for a process, and keeps what can be changed while it runs."""

from __future__ import annotations

import os
import sys
import time
from _thread import allocate_lock
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from darkroomd.logs.components import calling_component
from darkroomd.logs.levels import LEVELS, Levels
from darkroomd.logs.lines import Event, LogFormat, Render, renderer
from darkroomd.logs.repetition import Count, Repetitions, fault_in
from darkroomd.logs.sink import STDERR, LogSink

Tap = Callable[[object, str, Event], Event]

JOURNAL_VARIABLE: Final = "JOURNAL_STREAM"

_TOLD: Final = LEVELS["info"]


@dataclass(frozen=True, slots=True)
class _Part:
    """What a part of the daemon logs through; the name is found once for each module."""

    component: str
    sink: LogSink

    def msg(self, line: str) -> None:
        """Write a finished line."""
        self.sink.write(line)

    debug = info = warning = error = critical = log = msg


class Log:
    """The log of this process, as `configure` set it up.

    Attributes:
        sink: where the lines go.
        lines: how many were written, by level.
    """

    def __init__(
        self,
        sink: LogSink,
        render: Render,
        levels: Levels,
        *,
        tap: Tap | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sink: Final = sink
        self.lines: Final = Counter[str]()
        self._render = render
        self._levels = levels
        self._tap = tap
        self._monotonic = monotonic
        self._repetitions = Repetitions()
        # Threads that work on disks log as well.
        self._counting = allocate_lock()

    @property
    def levels(self) -> Levels:
        """The levels in force."""
        return self._levels

    def set_levels(self, levels: Levels) -> None:
        """Write lines of these levels from now on."""
        self._levels = levels

    def process(self, logger: object, level: str, event: Event) -> str:
        """Be structlog's only processor: return the line to write, or raise `DropEvent`."""
        assert isinstance(logger, _Part)
        is_wanted = LEVELS[level] >= LEVELS[self._levels.of(logger.component)]
        if not is_wanted and (self._tap is None or LEVELS[level] < _TOLD):
            raise structlog.DropEvent
        event = structlog.contextvars.merge_contextvars(logger, level, event)
        event["level"] = level
        if self._tap is not None:
            # What is said of photos is kept with them, however little is to be written here.
            self._tap(logger, level, event)
        if not is_wanted or self._is_repeated(event, logger.component):
            raise structlog.DropEvent
        return self._line(event, logger.component)

    def tidy(self, *, all_of_it: bool = False) -> None:
        """Write what is due: lines that were held, and how often faults came again.

        With `all_of_it` also counts that could wait, as at the end.
        """
        with self._counting:
            due = self._repetitions.take_due(now=self._monotonic(), all_of_them=all_of_it)
        self._tell(due)
        self.sink.flush()

    def _is_repeated(self, event: Event, component: str) -> bool:
        now, repetitions = self._monotonic(), self._repetitions
        fault = fault_in(event, bug=sys.exc_info()[1] if event.get("exc_info") else None)
        # A traceback would keep everything alive that its frames hold.
        kept = {key: value for key, value in event.items() if key != "exc_info"}
        kept["component"] = component
        with self._counting:
            due = repetitions.take_due(now=now) if repetitions.is_counting else []
            repeated = fault is not None and not repetitions.is_first(fault, kept, now=now)
        self._tell(due)
        return repeated

    def _tell(self, counts: list[Count]) -> None:
        for count in counts:
            event = {**count.event, "repeated": count.repeated, "over_seconds": count.over_seconds}
            self.sink.write(self._line(event, str(event.pop("component", ""))))

    def _line(self, event: Event, component: str) -> str:
        self.lines[event["level"]] += 1
        return self._render(stamped(event, component))


def stamped(event: Mapping[str, Any], component: str) -> Event:
    """Return an event with the time of this moment and the part it is about."""
    now = time.time()
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return {**event, "timestamp": f"{seconds}.{int(now % 1 * 1_000_000):06d}Z", "component": component}


def configure(
    log_format: LogFormat,
    levels: Levels,
    *,
    descriptor: int = STDERR,
    tap: Tap | None = None,
    environment: Mapping[str, str] | None = None,
) -> Log:
    """Send all log events of this process to `descriptor`, from their levels upwards.

    Each event passes through `tap` on its way, with its ids and its level; from "info" upwards also where it
    is not written. Where `environment` (None: that of this process) says that the journal reads from the
    descriptor, lines begin with their priorities.
    """
    environment = os.environ if environment is None else environment
    colors = os.isatty(descriptor) and not environment.get("NO_COLOR")
    prefixed = is_journal(descriptor, environment.get(JOURNAL_VARIABLE, ""))
    render = renderer(log_format, colors=colors, prefixed=prefixed)

    def tell_loss(lost: int) -> str:
        return render(stamped({"event": "log_lines_lost", "level": "warning", "lost": lost}, "daemon"))

    log = Log(LogSink(descriptor, tell_loss=tell_loss), render, levels, tap=tap)
    structlog.configure(
        processors=[log.process],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS["debug"]),
        logger_factory=lambda *_: _Part(calling_component(), log.sink),
        cache_logger_on_first_use=True,
    )
    return log


def is_journal(descriptor: int, stream: str) -> bool:
    """Tell whether a descriptor leads to the journal, by what JOURNAL_STREAM says: "device:inode"."""
    device, _, inode = stream.partition(":")
    if not (device.isdecimal() and inode.isdecimal()):
        return False
    try:
        found = os.fstat(descriptor)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (int(device), int(inode))
