"""The time of day, for records and logs; durations are measured on the event loop's own clock."""

from __future__ import annotations

import time


def now_usec() -> int:
    """Return microseconds since the Unix epoch, UTC."""
    return time.time_ns() // 1000


def steady_seconds() -> float:
    """Return seconds of a clock that nobody sets and that, where the system has one, goes on in its sleep."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
