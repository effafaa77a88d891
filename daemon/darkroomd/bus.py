"""Facts, told to everyone who listens, without ever waiting for a listener."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import Generic, TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

Fact = TypeVar("Fact")


class Lagged(Exception):
    """The subscriber did not keep up; facts after the ones it has seen are lost to it."""


class Subscription(Generic[Fact]):
    """One listener's bounded backlog: an asynchronous iterator that ends with `Lagged`."""

    def __init__(self, receiver: MemoryObjectReceiveStream[Fact]) -> None:
        self._receiver = receiver

    def __aiter__(self) -> AsyncIterator[Fact]:
        return self

    async def __anext__(self) -> Fact:
        """Return the next fact; raise `Lagged` once the backlog had overflowed."""
        try:
            return await self._receiver.receive()
        except anyio.EndOfStream:
            raise Lagged from None

    def take_nowait(self) -> Fact | None:
        """Return a fact that is already here, or None."""
        try:
            return self._receiver.receive_nowait()
        except (anyio.WouldBlock, anyio.EndOfStream):
            return None


class Bus(Generic[Fact]):
    """Hands each published fact to every subscription of that moment, in order."""

    def __init__(self) -> None:
        self._senders: set[MemoryObjectSendStream[Fact]] = set()

    def publish(self, fact: Fact) -> None:
        """Tell all subscribers. Never blocks: one that is full is cut off and will see `Lagged`."""
        for sender in tuple(self._senders):
            try:
                sender.send_nowait(fact)
            except anyio.WouldBlock:
                self._senders.discard(sender)
                sender.close()

    @contextmanager
    def subscribe(self, *, backlog: int) -> Generator[Subscription[Fact]]:
        """Receive everything that is published from now on, at most `backlog` facts behind."""
        sender, receiver = anyio.create_memory_object_stream[Fact](backlog)
        self._senders.add(sender)
        try:
            yield Subscription(receiver)
        finally:
            self._senders.discard(sender)
            sender.close()
            receiver.close()
