"""Reloading by itself: what is read when, what is in force, and a disk or the end that comes in between."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import pytest
from structlog.testing import capture_logs

from darkroom.errors import InvalidConfiguration, Stopping
from darkroomd.core.faults import SocketGroupUnknown
from darkroomd.core.model import Happening
from darkroomd.core.reloading import Reloaded
from darkroomd.services import reloading
from darkroomd.services.reloading import Announcements, Change, Reloading

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000
PATIENCE_SECONDS = 20.0
CHANGED = Reloaded(changed=("workers",), warnings=("recipe has changed.",))


@dataclass
class Configuration:
    """A configuration, and a disk that answers once it is `let`.

    Attributes:
        story: what was done, in order.
        problem: raised in place of an answer.
        under_way: what is still to be done once it is in force.
    """

    story: list[str] = field(default_factory=list[str])
    problem: Exception | None = None
    let: threading.Event = field(default_factory=threading.Event)
    read_begun: threading.Event = field(default_factory=threading.Event)
    under_way: Iterable[anyio.Event] = ()
    told: list[Happening] = field(default_factory=list[Happening])

    def read(self) -> Change:
        self.story.append("read")
        self.read_begun.set()
        assert self.let.wait(PATIENCE_SECONDS)
        if self.problem is not None:
            raise self.problem
        return Change(CHANGED, self._put_in_force)

    def _put_in_force(self) -> Iterable[anyio.Event]:
        self.story.append("in force")
        return self.under_way


@pytest.fixture
def configuration() -> Configuration:
    ready = Configuration()
    ready.let.set()
    return ready


@asynccontextmanager
async def running(configuration: Configuration) -> AsyncIterator[Reloading]:
    announcements = Announcements(
        begun=lambda: configuration.story.append("begun"), over=lambda: configuration.story.append("over")
    )
    under_test = Reloading(
        configuration.read, configuration.told.append, now_usec=lambda: NOW, announcements=announcements
    )
    with anyio.fail_after(PATIENCE_SECONDS):
        async with anyio.create_task_group() as group:
            await group.start(under_test.run)
            yield under_test
            group.cancel_scope.cancel()


async def begun(configuration: Configuration) -> None:
    assert await anyio.to_thread.run_sync(configuration.read_begun.wait, PATIENCE_SECONDS)


async def test_what_was_read_is_in_force_and_told_when_the_reply_comes(configuration: Configuration) -> None:
    async with running(configuration) as under_test:
        assert await under_test.reload() == CHANGED

    assert configuration.story == ["begun", "read", "in force", "over"]
    assert configuration.told == [Happening("config.reloaded", NOW)]


async def test_nothing_is_in_force_of_what_is_wrong(configuration: Configuration) -> None:
    configuration.problem = SocketGroupUnknown("printers")

    async with running(configuration) as under_test:
        with pytest.raises(InvalidConfiguration, match="There is no group 'printers'") as refused:
            await under_test.reload()

    assert configuration.story == ["begun", "read", "over"]
    assert configuration.told == []
    assert len(refused.value.context["problems"]) == 1


async def test_requests_are_carried_out_one_after_the_other(configuration: Configuration) -> None:
    async with running(configuration) as under_test, anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(under_test.reload)

    assert configuration.story == ["begun", "read", "in force", "over"] * 5


async def test_signals_that_come_while_one_is_carried_out_count_as_one_more(
    configuration: Configuration,
) -> None:
    configuration.let.clear()

    async with running(configuration) as under_test:
        under_test.ask()
        await begun(configuration)
        for _ in range(100):
            under_test.ask()
        configuration.let.set()
        await under_test.reload()
        await under_test.reload()

    assert 3 <= configuration.story.count("read") <= 4


async def test_a_signal_that_meets_our_own_mistake_ends_nothing(configuration: Configuration) -> None:
    configuration.problem = ZeroDivisionError()

    async with running(configuration) as under_test:
        with capture_logs() as logs:
            under_test.ask()
            await begun(configuration)
            with pytest.raises(ZeroDivisionError):
                await under_test.reload()
        configuration.problem = None

        assert await under_test.reload() == CHANGED
    assert "reload_failed" in {line["event"] for line in logs}


async def test_a_caller_who_hangs_up_leaves_the_next_one_a_configuration(
    configuration: Configuration,
) -> None:
    configuration.let.clear()

    async with running(configuration) as under_test:
        async with anyio.create_task_group() as group:
            group.start_soon(under_test.reload)
            await begun(configuration)
            group.cancel_scope.cancel()
            configuration.let.set()

        assert await under_test.reload() == CHANGED


async def test_a_disk_that_does_not_answer_is_asked_once(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloading, "READ_SECONDS", 0.05)
    configuration.let.clear()

    async with running(configuration) as under_test:
        for _ in range(3):
            with pytest.raises(InvalidConfiguration, match="A disk does not answer"):
                await under_test.reload()
        configuration.let.set()

    assert configuration.story.count("read") == 1


async def test_the_end_of_the_daemon_waits_for_no_disk(configuration: Configuration) -> None:
    configuration.let.clear()

    async with running(configuration) as under_test:
        async with anyio.create_task_group() as group:

            async def ask() -> None:
                with pytest.raises(Stopping):
                    await under_test.reload()

            group.start_soon(ask)
            await begun(configuration)
            under_test.stop()
            told = configuration.story[-1]
        with pytest.raises(Stopping):
            await under_test.reload()
        configuration.let.set()

    assert "in force" not in configuration.story
    assert told == "over"
    assert configuration.story.count("over") == 1


async def test_a_reply_waits_for_what_is_set_going_but_not_for_ever(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = anyio.Event()
    configuration.under_way = [done, anyio.Event()]
    monkeypatch.setattr(reloading, "SETTLE_SECONDS", 0.05)
    done.set()

    async with running(configuration) as under_test:
        assert await under_test.reload() == CHANGED
