"""From an event to the text of its line: JSON, or for people, and never longer than the journal takes."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from enum import StrEnum
from typing import Any, Final, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from darkroomd.logs.levels import PRIORITIES

LONGEST_LINE_BYTES: Final = 40_000
"""The journal cuts lines at 48 KiB (`LineMax=`), which would make two that are no JSON of a long one."""

LONGEST_VALUE: Final = 1000
"""Characters that are left of each of the longest values of a line that would be too long."""

_KEPT: Final = ("event", "level", "timestamp", "component", "correlation_id", "job", "item", "code")
"""What is left of a line that would be too long even so."""

# The journal shows no text of lines with such characters, which a file name may have; a terminal obeys them.
_CONTROLS: Final = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}
_UNSAFE: Final = {**_CONTROLS, **{code: f"\\x{code:02x}" for code in range(0x20) if chr(code) not in "\n\t"}}

Event = MutableMapping[str, Any]
Render = Callable[[Event], str]
"""Returns the text of an event, without a line feed at its end."""


class LogFormat(StrEnum):
    """How a log line is written."""

    JSON = "json"
    CONSOLE = "console"


def renderer(log_format: LogFormat, *, colors: bool = False, prefixed: bool = False) -> Render:
    """Return what makes lines of events, which name their `level`.

    With `prefixed` each line begins with its priority, `<0>` to `<7>`, as the journal reads it.
    """
    render = _console(colors=colors) if log_format is LogFormat.CONSOLE else _to_json

    def with_priority(event: Event) -> str:
        mark = f"<{PRIORITIES[event['level']]}>"
        return "\n".join(mark + line for line in render(event).splitlines())

    return with_priority if prefixed else render


# Local variables would bring what callers said, and where guests were photographed, into the log.
_exceptions: Final = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


def _to_json(event: Event) -> str:
    told = _exceptions(None, "", event)
    line = _dumped(told)
    if _size(line) > LONGEST_LINE_BYTES:
        line = _shortened(told)
    return line


def _dumped(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))
    return text if text.isprintable() else text.translate(_CONTROLS)


def _size(line: str) -> int:
    # A character takes four bytes at most, and one that is escaped six.
    return len(line) if len(line) * 6 <= LONGEST_LINE_BYTES else len(line.encode("utf-8", "backslashreplace"))


def _shortened(event: Mapping[str, Any]) -> str:
    """Return the line with its longest values cut, one after the other, until it is short enough."""
    texts = {key: value if isinstance(value, str) else _dumped(value) for key, value in event.items()}
    short: dict[str, Any] = dict(event)
    short["shortened"] = list[str]()
    for key in sorted(texts, key=lambda key: len(texts[key]), reverse=True):
        if len(texts[key]) <= LONGEST_VALUE:
            break
        short[key] = texts[key][:LONGEST_VALUE] + "…"
        short["shortened"].append(key)
        line = _dumped(short)
        if _size(line) <= LONGEST_LINE_BYTES:
            return line
    kept: dict[str, object] = {key: texts[key][:LONGEST_VALUE] for key in _KEPT if key in texts}
    return _dumped({**kept, "shortened": ["everything else"]})


def _console(*, colors: bool) -> Render:
    # rich would cost a quarter of a second at the start and decorate what goes to a journal.
    console = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=_traceback)

    def render(event: Event) -> str:
        readable = {key: _readable(value) for key, value in event.items() if key != "component"}
        text = console(None, "", readable)
        # Surrogates of names that are not UTF-8 take six bytes.
        return text if len(text) * 6 <= LONGEST_LINE_BYTES else text[: LONGEST_LINE_BYTES // 6] + "…"

    return render


def _readable(value: object) -> object:
    return repr(value) if isinstance(value, str) and not value.isprintable() else value


def _traceback(to: TextIO, exc_info: Any) -> None:  # noqa: ANN401 - what structlog hands on
    to.write("\n" + "".join(traceback.format_exception(*exc_info)).translate(_UNSAFE))
