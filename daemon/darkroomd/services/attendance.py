"""Which folders are being looked at, so that none is by two at a time, and the look can be stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import anyio

LET_GO_SECONDS: Final = 5.0
"""How long what is under way in a folder may take to stop once nobody watches it any more."""


class Attendance:
    """The folders that somebody attends to at this moment."""

    def __init__(self) -> None:
        self._scopes: dict[Path, anyio.CancelScope] = {}
        self._over = anyio.Event()

    def __contains__(self, folder: Path) -> bool:
        return folder in self._scopes

    def begin(self, folder: Path) -> anyio.CancelScope:
        """Return the scope to attend to a folder in, which nobody does yet."""
        self._scopes[folder] = scope = anyio.CancelScope()
        return scope

    def end(self, folder: Path, scope: anyio.CancelScope) -> None:
        """Note that what `begin` returned the scope for is over."""
        # A folder that was let go and taken up again has another one.
        if self._scopes.get(folder) is scope:
            del self._scopes[folder]
        self._over.set()
        self._over = anyio.Event()

    async def stop(self, folder: Path) -> None:
        """Stop what is under way in a folder, and wait `LET_GO_SECONDS` at most until that has ended."""
        with anyio.move_on_after(LET_GO_SECONDS):
            while folder in self._scopes:
                self._scopes[folder].cancel()
                await self._over.wait()
