"""Which lines are written: levels, of all the daemon and of parts of it."""

from __future__ import annotations

from collections.abc import Mapping
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

    def of(self, component: str) -> str:
        """Return the least level of a part."""
        return self.by_component.get(component, self.general)
