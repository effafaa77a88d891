"""The zone whose clock hangs on this machine's wall, with its rules for summer time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCALTIME: Final = Path("/etc/localtime")


def local_zone(environment: Mapping[str, str], *, localtime: Path = LOCALTIME) -> tzinfo:
    """Return the zone that `TZ` names, else the system's, else UTC.

    An offset alone would not do: a window at 02:30 has to know when the clocks change.
    """
    name = environment.get("TZ", "").removeprefix(":")
    if name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return UTC
    try:
        with localtime.open("rb") as file:
            return ZoneInfo.from_file(file, key="local")
    except (OSError, ValueError):
        return UTC
