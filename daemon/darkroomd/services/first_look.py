"""Knows when the first look at all folders is over: what is told before that, nobody has seen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio
from anyio.abc import TaskStatus

FOLDERS_SECONDS: Final = 5.0
"""How long folders may take before answers are given without them: a share that is gone never answers."""

FILES_SECONDS: Final = 2.0
"""How long the files in them may take from then on: those that are still being written take longer."""


class FirstLook:
    """Waits, for all who ask, until intake has looked at what was there at the start.

    Attributes:
        over: set once all of that is known to the store, or takes too long.
    """

    def __init__(self, folders_seen: Callable[[], Awaitable[Sequence[anyio.Event]]]) -> None:
        """Ask `folders_seen`, which returns what is set once the files in each of the folders are known."""
        self._folders_seen = folders_seen
        self.over: Final = anyio.Event()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Wait for intake, which may be started later, and end."""
        task_status.started()
        with anyio.move_on_after(FOLDERS_SECONDS):
            files_known = await self._folders_seen()
            with anyio.move_on_after(FILES_SECONDS):
                for known in files_known:
                    await known.wait()
        self.over.set()
