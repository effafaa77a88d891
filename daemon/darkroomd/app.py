"""The daemon from its start to its end: what is opened first, what runs when, and what ends last."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError
from darkroomd.api.listener import open_listener
from darkroomd.bus import Bus
from darkroomd.composition.ground import Ground, Tidings
from darkroomd.composition.services import Services, compose
from darkroomd.config_advice import advice
from darkroomd.configuring import Configuring
from darkroomd.core.checks.software import WITHOUT_KERNEL
from darkroomd.core.damage import Damage
from darkroomd.core.faults import (
    StateCorrupt,
    StateInUse,
    StateUnusable,
)
from darkroomd.core.model import Happening
from darkroomd.imaging.version import kernel_is_built
from darkroomd.logs import STDERR, Log, configure
from darkroomd.logs.minder import LogMinder
from darkroomd.services.backups import backup_folder
from darkroomd.services.executor import LocalExecutor
from darkroomd.services.heartbeat import ask_for_time
from darkroomd.services.reloading import Announcements, Reloading
from darkroomd.services.scheduler import Scheduler
from darkroomd.services.stories import Stories
from darkroomd.settings import (
    DATABASE_NAME,
    Settings,
    access_policy,
    check,
    executor_options,
)
from darkroomd.store.store import Store, open_store
from darkroomd.system.activation import inherited_socket
from darkroomd.system.clock import now_usec
from darkroomd.system.heap import share_one_heap
from darkroomd.system.lock import LOCK_NAME, LockHeld, exclusive_lock
from darkroomd.system.notify import Notifier

SWITCH_SECONDS: Final = 0.0001
"""How long a thread that computes keeps others waiting: a reply waits a dozen times, 5 ms by default."""

NOTHING_TO_WATCH: Final = (
    "There is nothing to watch yet. Add a folder with `darkroom session add DIR` or `darkroom root add DIR`, "
    "or set sessions or roots in the configuration."
)

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
FAREWELL_SECONDS: Final = 2.0
"""For the last records and replies once nothing is being developed any more."""

LAST_SECONDS: Final = 25.0
"""Bound on what follows once photos had their time: workers, records, replies, threads that hang."""

SERVICE_NAME: Final = "darkroomd"
"""Under which a service manager hands over the socket."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Given:
    """What the daemon has before anything runs; `inherited` is a socket that was handed over."""

    settings: Settings
    stories: Stories
    lines: Log
    notifier: Notifier
    inherited: socket.socket | None


def serve(settings: Settings) -> int:
    """Run the daemon until it is told to stop, or cannot go on; return its exit status.

    Raises:
        DarkroomError: the daemon refuses to start; nothing was changed.
    """
    share_one_heap()
    stories = Stories(now_usec)
    lines = configure(settings.log_format, settings.levels, tap=stories)
    notifier = Notifier.from_environment(os.environ)
    try:
        with ExitStack() as resources:
            resources.callback(lines.tidy, all_of_it=True)
            inherited = inherited_socket(os.environ, name=SERVICE_NAME)
            if inherited is not None:
                resources.enter_context(inherited)
            status = _serve_alone(_Given(settings, stories, lines, notifier, inherited))
    except DarkroomError as error:
        notifier.status(error.message)
        raise
    log.info("stopped")
    if not status:
        notifier.status("Stopped.")
    return status


def _serve_alone(given: _Given) -> int:
    settings = given.settings
    check(settings)
    for doubt in advice(settings.config, settings.layers):
        log.warning("configuration_doubted", **doubt.facts)
    with ExitStack() as resources:
        try:
            settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            resources.enter_context(exclusive_lock(settings.state / LOCK_NAME))
        except LockHeld as held:
            raise StateInUse(settings.state, held.holder) from held
        except OSError as error:
            raise StateUnusable(settings.state, os.strerror(error.errno or 0)) from error
        status = 0
        refusal: DarkroomError | None = None
        try:
            anyio.run(_serve, given)
        except* StateCorrupt as group:
            # Whoever supervises starts it again, and that repairs it.
            damage = _first(group)
            log.critical(
                "stopped_by_damage", code=damage.code, message=damage.message, context=damage.context
            )
            given.notifier.status(damage.message)
            status = damage.exit_status
        except* DarkroomError as group:
            refusal = _first(group)
        # Not in the clause above: Python before 3.11.4 wraps what is raised there in one more group.
        if refusal is not None:
            raise refusal
    return status


def _first(group: BaseExceptionGroup[DarkroomError]) -> DarkroomError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, DarkroomError)
    return error


def _tell_of(damage: Damage) -> None:
    log.error(
        "database_moved_aside",
        code=StateCorrupt.code,
        message=damage.message,
        path=str(damage.path),
        kept=str(damage.kept),
        problem=damage.problem,
    )


def _store(settings: Settings, tell: Tidings) -> AbstractAsyncContextManager[Store]:
    database = settings.state / DATABASE_NAME
    return open_store(database, tell, backups=backup_folder(database, settings.config.backup))


async def _serve(given: _Given) -> None:
    starting = anyio.CancelScope()
    async with anyio.create_task_group() as both:
        if given.notifier.is_heard:
            both.start_soon(ask_for_time, given.notifier.extend, starting)
        await _open_and_run(given, on_ready=starting.cancel)


async def _open_and_run(given: _Given, *, on_ready: Callable[[], None]) -> None:
    settings = given.settings
    access = access_policy(settings.config)
    sys.setswitchinterval(SWITCH_SECONDS)
    bus = Bus[Happening]()
    tell = Tidings(bus.publish)
    given.notifier.status("Starting: the queue is opened.")
    async with (
        open_listener(settings.socket, group=access.group, inherited=given.inherited) as listener,
        _store(settings, tell) as store,
        LocalExecutor(executor_options(settings)) as executor,
        anyio.create_task_group() as minding,
    ):
        await minding.start(LogMinder(given.lines).run)
        if store.damage is not None:
            _tell_of(store.damage)
        configuring = Configuring(settings, access, check_group=listener.check_group)
        ground = Ground(
            settings=settings,
            access=access,
            stories=given.stories,
            listener=listener,
            store=store,
            executor=executor,
            bus=bus,
            tell=tell,
            lines=given.lines,
            configuring=configuring,
            reloading=Reloading(configuring.read, tell, now_usec=now_usec),
            notifier=given.notifier,
        )
        await _run(await compose(ground), ground, on_ready=on_ready)
        minding.cancel_scope.cancel()


async def _run(services: Services, ground: Ground, *, on_ready: Callable[[], None]) -> None:
    """Run the services; end them in the order in which nothing is lost."""
    if not kernel_is_built():
        log.warning("kernel_was_missing", message=WITHOUT_KERNEL)
    stop = anyio.Event()
    ground.notifier.status("Starting: what was left unfinished is looked after.")
    async with anyio.create_task_group() as doors:
        doors.start_soon(_end_on_damage, services.store)
        await doors.start(ground.reloading.run)
        await doors.start(_watch_signals, stop, services.scheduler, ground.reloading)
        await doors.start(services.recovery.run)
        await doors.start(services.lists.run)
        with anyio.move_on_after(FAREWELL_SECONDS):
            # Whoever asks finds the records of the sessions as they should have been left.
            await services.records.flush()
        await doors.start(services.first_look.run)
        await doors.start(services.server.run)
        await doors.start(services.records.run)
        await doors.start(services.upkeep.housekeeping.run)
        await doors.start(services.upkeep.backups.run)
        await doors.start(services.upkeep.write_ahead.run)
        await doors.start(services.metrics_file.run)
        await doors.start(services.foresight.run)
        await doors.start(services.check_up.run)
        async with anyio.create_task_group() as work:
            await work.start(services.scheduler.run)
            async with anyio.create_task_group() as arrivals:
                await arrivals.start(services.intake.run)
                if not services.intake.sessions and not services.intake.roots:
                    log.warning("nothing_to_watch", message=NOTHING_TO_WATCH)
                await doors.start(services.heartbeat.run)
                on_ready()
                _tell_ready(services, ground)
                await stop.wait()
                _stop_work(services, ground)
                arrivals.cancel_scope.cancel()
        ground.tell(Happening("stopping", now_usec()))
        with anyio.move_on_after(FAREWELL_SECONDS):
            await services.records.flush()
            await services.server.stop()
        doors.cancel_scope.cancel()


def _tell_ready(services: Services, ground: Ground) -> None:
    notifier, heartbeat = ground.notifier, services.heartbeat
    path, state = str(ground.listener.path), str(ground.settings.state)
    log.info("ready", socket=path, state=state, pid=os.getpid())
    notifier.ready(heartbeat.text)
    # Not earlier: the end of a reload says that the daemon is ready.
    ground.reloading.announce(
        Announcements(begun=notifier.reloading, over=lambda: notifier.ready(heartbeat.text))
    )


def _stop_work(services: Services, ground: Ground) -> None:
    ground.reloading.stop()
    stop_seconds = ground.configuring.settings.config.daemon.stop_seconds
    ground.notifier.stopping(within_seconds=stop_seconds + LAST_SECONDS)
    services.scheduler.stop(within_seconds=stop_seconds)


async def _end_on_damage(store: Store) -> None:
    raise await store.front.damage()


async def _watch_signals(
    stop: anyio.Event,
    scheduler: Scheduler,
    reloading: Reloading,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    # A terminal that is closed takes with it what was started there; whoever has none asks for a reload.
    reloads = frozenset[int]() if os.isatty(STDERR) else frozenset({signal.SIGHUP})
    with anyio.open_signal_receiver(*SIGNALS) as received:
        task_status.started()
        async for number in received:
            if number in reloads:
                reloading.ask()
                continue
            log.info("stop_requested", signal=signal.Signals(number).name)
            if stop.is_set():
                # Asked twice: whoever asks does not want to wait for the photo.
                scheduler.stop(within_seconds=0)
            stop.set()
