"""The way to the database: one writer thread, two reader threads, one transaction a call."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final, TypeAlias, TypeVar

import anyio
import anyio.lowlevel
import structlog
from anyio import CapacityLimiter, to_thread

from darkroomd.core.faults import StateCorrupt, StateUnreadable, StateUnwritable
from darkroomd.core.model import Happening
from darkroomd.store.database import Database, DatabaseFault
from darkroomd.store.journal import write_facts

Result = TypeVar("Result")

Renewal: TypeAlias = Callable[[Database], Callable[[], None]]
"""Looks at what a change left, in its thread; what it returns is called once the change is over."""

Revision: TypeAlias = tuple[int, int]
"""How many changes are over, and how often something was read beside the next since that began."""

PUBLISH_BATCH: Final = 32
"""Facts told at once before the listeners get a turn: a backfill of thousands must not overrun them."""

log = structlog.get_logger()


class Front:
    """Runs reads and changes.

    What a cancelled caller began is finished: a change is committed and told, or it did not happen.
    """

    def __init__(
        self,
        writer: Database,
        reader: Database,
        reader_at_length: Database,
        publish: Callable[[Happening], None],
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._reader_at_length = reader_at_length
        self._publish = publish
        self._in_turn = anyio.Lock(fast_acquire=True)
        self._one_writer = CapacityLimiter(1)
        self._one_reader = CapacityLimiter(1)
        self._one_reader_at_length = CapacityLimiter(1)
        self.writing_since: float | None = None
        """When the change began that is under way, by the monotonic clock; None: there is none."""
        self._begun = 0
        self._glimpses = 0
        self._followers: list[Callable[[], Renewal | None]] = []
        self._damaged = anyio.Event()
        self._damage: StateCorrupt | None = None

    @property
    def revision(self) -> Revision | None:
        """What anybody may know of at this moment; None once the database was found damaged.

        It is a new one with each change that is over, and with whatever was read beside one that is under
        way, which may have been committed by then.
        """
        if self._damage is not None:
            return None
        if self.writing_since is None:
            return self._begun, 0
        return self._begun - 1, self._glimpses

    def follow(self, follower: Callable[[], Renewal | None]) -> None:
        """Ask `follower` at each change whether it wants to look at what that leaves."""
        self._followers.append(follower)

    async def damage(self) -> StateCorrupt:
        """Wait until the database is found damaged; nothing is read or written from then on."""
        await self._damaged.wait()
        assert self._damage is not None
        return self._damage

    async def write(self, change: Callable[[Database], tuple[Result, Sequence[Happening]]]) -> Result:
        """Run `change` in a transaction, keep what it says has happened, commit, and tell it, in order.

        Raises:
            StateUnwritable: the disk refuses; nothing was changed.
            StateCorrupt: the database is damaged; nothing was changed.
        """

        def transact() -> tuple[Result, Sequence[Happening], Sequence[Callable[[], None]]]:
            try:
                with self._writer.transaction():
                    result, happenings = change(self._writer)
                    facts = write_facts(self._writer, happenings)
                return result, facts, self._renewed(renewals)
            except DatabaseFault as error:
                raise self._writer.damage_in(error) or StateUnwritable(str(error)) from error

        with anyio.CancelScope(shield=True):
            # Held while telling too: what is changed next must not be told in between.
            async with self._in_turn:
                renewals = [renewal for follower in self._followers if (renewal := follower()) is not None]
                with self._writing(), self._end_on_damage():
                    result, happenings, renewed = await to_thread.run_sync(transact, limiter=self._one_writer)
                for learn in renewed:
                    learn()
                await self._tell(happenings)
                return result
        raise RuntimeError("A scope that is shielded was cancelled.")

    def _renewed(self, renewals: Sequence[Renewal]) -> list[Callable[[], None]]:
        try:
            return [renewal(self._writer) for renewal in renewals]
        except Exception:
            # The change is committed and has to be told, whatever this is: whoever asks looks once more.
            log.exception("renewal_failed")
            return []

    async def read(self, read: Callable[[Database], Result]) -> Result:
        """Run `read`, which is done in a few milliseconds, on what is committed.

        Raises:
            StateUnreadable: the disk refuses.
            StateCorrupt: the database is damaged.
        """
        return await self._look(read, self._reader, self._one_reader)

    async def read_at_length(self, read: Callable[[Database], Result]) -> Result:
        """Run `read`, however long it takes, beside those that `read` runs and behind others of its kind.

        Raises:
            StateUnreadable, StateCorrupt: see `read`.
        """
        return await self._look(read, self._reader_at_length, self._one_reader_at_length)

    async def _look(
        self, read: Callable[[Database], Result], reader: Database, limiter: CapacityLimiter
    ) -> Result:
        def look() -> Result:
            try:
                return read(reader)
            except DatabaseFault as error:
                raise reader.damage_in(error) or StateUnreadable(str(error)) from error

        with self._end_on_damage(), self._reading():
            return await to_thread.run_sync(look, limiter=limiter)
        raise RuntimeError("A damaged database was read.")

    @contextmanager
    def _writing(self) -> Generator[None]:
        self.writing_since = anyio.current_time()
        self._begun += 1
        self._glimpses = 0
        try:
            yield
        finally:
            self.writing_since = None

    @contextmanager
    def _reading(self) -> Generator[None]:
        try:
            yield
        finally:
            self._glimpses += 1

    @contextmanager
    def _end_on_damage(self) -> Generator[None]:
        if self._damage is not None:
            raise StateCorrupt(self._damage.path, self._damage.problem)
        try:
            yield
        except StateCorrupt as error:
            self._damage = error
            self._damaged.set()
            raise

    async def _tell(self, happenings: Sequence[Happening]) -> None:
        for number, happening in enumerate(happenings, start=1):
            self._publish(happening)
            if number % PUBLISH_BATCH == 0:
                await anyio.lowlevel.checkpoint()
