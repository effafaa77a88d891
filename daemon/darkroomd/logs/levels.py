"""Which lines are written: levels, of all the daemon and of parts of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
"""Names of the log levels and their ranks."""

PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""What syslog, and the journal, call them."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The least level of lines that are written, by name.

    Attributes:
        general: of all parts that are not named.
        by_component: of the others (see `components.COMPONENTS`).
    """

    general: str = "info"
    by_component: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def ordered(self, orders: Iterable[tuple[str, str]]) -> Levels:
        """Return the levels after orders were followed, one after the other: component and level.

        One without a component is for all of them, whatever was said of them before.
        """
        levels = self
        for component, level in orders:
            named = {**levels.by_component, component: level} if component else {}
            levels = Levels(levels.general if component else level, named)
        return levels

    def of(self, component: str) -> str:
        """Return the least level of a part."""
        return self.by_component.get(component, self.general)
