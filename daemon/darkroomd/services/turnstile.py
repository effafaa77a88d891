"""Lets photos that were developed side by side through to their publishing, in the order of their claims."""

from __future__ import annotations

import anyio


class Turnstile:
    """A later claim waits until all earlier ones that entered have left, however their work ended."""

    def __init__(self) -> None:
        self._inside: set[int] = set()
        self._left = anyio.Event()

    def enter(self, fence: int) -> None:
        """Let claims with higher fences wait from now on, until this one leaves."""
        self._inside.add(fence)

    def leave(self, fence: int) -> None:
        """Wait for this claim no more: its outputs are published and recorded, or its work is over."""
        self._inside.discard(fence)
        left, self._left = self._left, anyio.Event()
        left.set()

    async def turn(self, fence: int) -> None:
        """Return once no claim with a lower fence is inside."""
        while any(earlier < fence for earlier in self._inside):
            await self._left.wait()
