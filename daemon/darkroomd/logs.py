"""Structured logs on standard error: one event per fact, as JSON lines or for people."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from structlog.typing import Processor

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
"""Names of the log levels and their ranks."""

STDERR: Final = 2


class LogFormat(StrEnum):
    """How a log line is written."""

    JSON = "json"
    CONSOLE = "console"


class LogSink:
    """Writes whole lines to a file descriptor; a line that cannot be written is counted, not fatal.

    A daemon whose standard error is a file on a full disk has to go on developing photos.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.lost_lines = 0

    def msg(self, line: str) -> None:
        """Write `line` and a line feed in as few writes as the kernel allows."""
        # A file name that is not UTF-8 holds lone surrogates; backslashreplace makes them JSON escapes.
        rest = memoryview(line.encode("utf-8", "backslashreplace") + b"\n")
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            self.lost_lines += 1

    debug = info = warning = error = critical = exception = log = fatal = msg


def configure(
    log_format: LogFormat, level: str, *, descriptor: int = STDERR, tap: Processor | None = None
) -> None:
    """Send all log events of this process to `descriptor`, from `level` (a key of `LEVELS`) upwards.

    Each event passes through `tap` on its way, with its ids and its level.
    """
    sink = LogSink(descriptor)
    colors = os.isatty(descriptor) and not os.environ.get("NO_COLOR")
    structlog.configure(
        processors=_processors(log_format, colors=colors, tap=tap),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=True,
    )


def _processors(log_format: LogFormat, *, colors: bool, tap: Processor | None) -> Iterable[Processor]:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        *([] if tap is None else [tap]),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if log_format is LogFormat.CONSOLE:
        # rich would cost a quarter of a second at the start and decorate what goes to a journal.
        plain = structlog.dev.plain_traceback
        return [*shared, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    return [
        *shared,
        structlog.processors.dict_tracebacks,
        structlog.processors.JSONRenderer(serializer=_to_json),
    ]


def _to_json(event: object, **_options: object) -> str:
    return json.dumps(event, default=str, ensure_ascii=False, separators=(",", ":"))
