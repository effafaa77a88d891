"""What stands before anything is built on it, and how it is told of what happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from darkroomd.api.listener import Listener
from darkroomd.bus import Bus
from darkroomd.configuring import Configuring, output_plan
from darkroomd.core.access import AccessPolicy
from darkroomd.core.model import Happening
from darkroomd.core.output_plan import OutputPlan
from darkroomd.logs import Log
from darkroomd.services.executor import LocalExecutor
from darkroomd.services.reloading import Reloading
from darkroomd.services.stories import Stories
from darkroomd.settings import Settings
from darkroomd.store.store import Store
from darkroomd.system.notify import Notifier


class Tidings:
    """Tells of what happens. The store tells the scheduler of new work, and that needs the store to do it."""

    def __init__(self, *listeners: Callable[[Happening], None]) -> None:
        self._listeners = list(listeners)

    def __call__(self, happening: Happening) -> None:
        """Tell all who listen, in the order in which they came."""
        for listener in self._listeners:
            listener(happening)

    def also_to(self, *listeners: Callable[[Happening], None]) -> None:
        """Tell these as well, from now on."""
        self._listeners += listeners


@dataclass(frozen=True, slots=True)
class Ground:
    """What stands before anything is built on it, and stays until all of that has ended."""

    settings: Settings
    access: AccessPolicy
    stories: Stories
    listener: Listener
    store: Store
    executor: LocalExecutor
    bus: Bus[Happening]
    tell: Tidings
    lines: Log
    configuring: Configuring
    reloading: Reloading
    notifier: Notifier

    @property
    def plan(self) -> OutputPlan:
        """What is wanted of every photo."""
        return output_plan(self.settings)
