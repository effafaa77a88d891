"""Structured logs on standard error: one event per fact, as JSON lines or for people."""

from __future__ import annotations

from darkroomd.logs.components import COMPONENTS
from darkroomd.logs.levels import LEVELS, Levels
from darkroomd.logs.lines import LogFormat
from darkroomd.logs.setup import Log, configure
from darkroomd.logs.sink import STDERR, LogSink

__all__ = ["COMPONENTS", "LEVELS", "STDERR", "Levels", "Log", "LogFormat", "LogSink", "configure"]
