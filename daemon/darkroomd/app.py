"""The composition root: everything the daemon is made of is built, started and ended here."""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError
from darkroomd.api.listener import open_listener
from darkroomd.api.server import Server
from darkroomd.bus import Bus
from darkroomd.core.archive_request import Contents
from darkroomd.core.damage import Damage
from darkroomd.core.estimate import KEPT, rate_of
from darkroomd.core.failure_share import FailureLimit
from darkroomd.core.faults import (
    StateCorrupt,
    StateInUse,
    StateUnusable,
)
from darkroomd.core.model import Claim, CorrelationId, Happening, Health, JobKind
from darkroomd.core.output_plan import EVERY_RECIPE, OutputPlan
from darkroomd.core.retry import RetryPolicy
from darkroomd.core.schedule import parse_windows
from darkroomd.core.sidecar import SidecarDemands
from darkroomd.files.archive_copy import CopyMethod
from darkroomd.imaging.version import kernel_is_built, pipeline_version
from darkroomd.logs import configure
from darkroomd.services.archive_lists import ArchiveLists
from darkroomd.services.archives import Archives
from darkroomd.services.archivist import Archivist
from darkroomd.services.cabinets import Cabinets
from darkroomd.services.culling import Culling
from darkroomd.services.development import Development
from darkroomd.services.disks import Disks
from darkroomd.services.executor import LocalExecutor
from darkroomd.services.exports import Exports
from darkroomd.services.foresight import Foresight
from darkroomd.services.gatekeeper import Gatekeeper, Schedule
from darkroomd.services.health import WITHOUT_KERNEL, health_checks
from darkroomd.services.housekeeping import Housekeeping
from darkroomd.services.intake import Intake
from darkroomd.services.jobs import Jobs
from darkroomd.services.layouts import Layouts
from darkroomd.services.outputs import Outputs
from darkroomd.services.places import Whereabouts
from darkroomd.services.presets import Presets
from darkroomd.services.queries import Queries
from darkroomd.services.recovery import Recovery
from darkroomd.services.rescans import Rescans
from darkroomd.services.revisions import Revisions
from darkroomd.services.scheduler import Scheduler
from darkroomd.services.session_records import SessionRecords
from darkroomd.services.stories import Stories
from darkroomd.services.surroundings import Surroundings
from darkroomd.services.turnstile import Turnstile
from darkroomd.settings import (
    DATABASE_NAME,
    Settings,
    access_policy,
    check,
    executor_options,
    intake_options,
)
from darkroomd.store.desk import JobDesk
from darkroomd.store.history import History
from darkroomd.store.line import Line
from darkroomd.store.photo_desk import PhotoDesk
from darkroomd.store.places import PlaceBook
from darkroomd.store.pruning import Pruning
from darkroomd.store.store import Store, open_store
from darkroomd.system.clock import now_usec
from darkroomd.system.lock import LockHeld, exclusive_lock
from darkroomd.system.timezone import local_zone

SWITCH_SECONDS: Final = 0.0001
"""How long a thread that computes keeps others waiting: a reply waits a dozen times, 5 ms by default."""

NOTHING_TO_WATCH: Final = (
    "There is nothing to watch yet. Add a folder with `darkroom session add DIR` or `darkroom root add DIR`, "
    "or set sessions or roots in the configuration."
)

LOCK_NAME: Final = "darkroomd.lock"
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
FAREWELL_SECONDS: Final = 2.0
"""For the last records and replies once nothing is being developed any more."""

log = structlog.get_logger()


def serve(settings: Settings) -> int:
    """Run the daemon until it is told to stop, or cannot go on; return its exit status.

    Raises:
        DarkroomError: the daemon refuses to start; nothing was changed.
    """
    stories = Stories(now_usec)
    configure(settings.log_format, settings.log_level, tap=stories)
    check(settings)
    with ExitStack() as resources:
        try:
            settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            resources.enter_context(exclusive_lock(settings.state / LOCK_NAME))
        except LockHeld as held:
            raise StateInUse(settings.state, held.holder) from held
        except OSError as error:
            raise StateUnusable(settings.state, os.strerror(error.errno or 0)) from error
        status = 0
        try:
            anyio.run(_serve, settings, stories)
        except* StateCorrupt as group:
            # Whoever supervises starts it again, and that repairs it.
            damage = _first(group)
            log.critical(
                "stopped_by_damage", code=damage.code, message=damage.message, context=damage.context
            )
            status = damage.exit_status
        except* DarkroomError as group:
            raise _first(group) from group
    log.info("stopped")
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


async def _serve(settings: Settings, stories: Stories) -> None:
    config = settings.config
    access = access_policy(config)
    sys.setswitchinterval(SWITCH_SECONDS)
    bus = Bus[Happening]()
    # The store tells the scheduler of new work, and the scheduler needs the store to do it.
    listeners: list[Callable[[Happening], None]] = [bus.publish]

    def publish(happening: Happening) -> None:
        for listener in listeners:
            listener(happening)

    async with (
        open_listener(settings.socket, group=access.group) as listener,
        open_store(settings.state / DATABASE_NAME, publish) as store,
        LocalExecutor(executor_options(settings)) as executor,
    ):
        if store.damage is not None:
            _tell_of(store.damage)
        about = Health(
            version=metadata.version("darkroomd"),
            pid=os.getpid(),
            instance=uuid.uuid4().hex,
            started_at_usec=now_usec(),
        )
        plan = OutputPlan(settings.recipes, pipeline_version())
        policy = RetryPolicy(
            waits_seconds=config.retry.waits_seconds,
            attempts=config.retry.attempts,
            environment_wait_seconds=config.retry.environment_wait_seconds,
        )
        records = SessionRecords(store)
        zone = local_zone(os.environ)
        history = History(store.front)
        presets = Presets(
            PhotoDesk(store.front), settings.presets, now_usec=now_usec, default=config.presets.default
        )
        schedule = Schedule(parse_windows(config.schedule.allow), zone)
        gate = Gatekeeper(history, publish, schedule=schedule, now_usec=now_usec)
        await gate.load()
        recovery = Recovery(
            store,
            gate,
            Disks(),
            policy=policy,
            output_folders=plan.folders,
            now_usec=now_usec,
            on_stale=records.mark,
        )
        turnstile = Turnstile()
        cabinets = Cabinets()
        archive_disks = Disks()
        lists = ArchiveLists(store, archive_disks, cabinets, now_usec=now_usec)
        method = CopyMethod(config.archive.method)
        recipes = [recipe.name for recipe in settings.recipes]
        layouts = Layouts(store, archive_disks, recipes=recipes, method=method)
        archivist = Archivist(store, archive_disks, layouts, lists, cabinets, method=method)

        def look_again(claim: Claim) -> None:
            intake.look_again(claim.session.id, claim.photo.name)

        scheduler = Scheduler(
            store,
            Development(
                store,
                executor,
                plan=plan,
                deadline_seconds=config.worker.deadline_seconds,
                now_usec=now_usec,
                disks=Disks(),
                turnstile=turnstile,
                demands=SidecarDemands(
                    strict=config.presets.strict,
                    readable=config.presets.unreadable_sidecar == "fail",
                ),
            ),
            publish,
            by_kind={JobKind.ARCHIVE: archivist},
            gate=gate,
            stories=stories,
            policy=policy,
            failure_limit=FailureLimit(
                least_tried=config.failures.least_tried, most_percent=config.failures.most_percent
            ),
            boot=about.instance,
            now_usec=now_usec,
            on_photo_ending=records.foretell,
            on_photo_changed=look_again,
            workers=config.workers,
            turnstile=turnstile,
            running_background=config.export.running_background,
        )
        scheduler.rate = rate_of(await history.newest_samples(KEPT))
        listeners += [scheduler.notice, gate.notice, lists.notice]
        listeners.append(records.notice)
        foresight = Foresight(Line(store.front), executor, gate, Disks())
        listeners.append(foresight.notice)
        gate.on_change = scheduler.wake
        around = Surroundings(
            store=store,
            plan=plan,
            options=intake_options(config),
            publish=publish,
            on_document_dirty=records.mark,
            on_fault=gate.note_arrivals,
            now_usec=now_usec,
            new_correlation_id=_new_correlation_id,
            presets=presets,
        )
        intake = Intake(around, sessions=settings.sessions, roots=settings.roots)
        culling = Culling(
            Revisions(
                PhotoDesk(store.front),
                recipe=EVERY_RECIPE,
                on_document_dirty=records.mark,
                now_usec=now_usec,
                new_correlation_id=_new_correlation_id,
            ),
            presets,
            scheduler,
            Disks(),
            now_usec=now_usec,
        )
        checks = health_checks(
            store, scheduler, intake, presets, pipeline=pipeline_version(), state_folder=settings.state
        )
        queries = Queries(
            store=store,
            scheduler=scheduler,
            gate=gate,
            history=history,
            zone=zone,
            intake=intake,
            about=about,
            checks=checks,
        )
        jobs = Jobs(JobDesk(store.front), scheduler, gate, now_usec=now_usec)
        server = Server(
            listener,
            queries,
            jobs,
            bus,
            presets=presets,
            culling=culling,
            places=Whereabouts(
                PlaceBook(store.front), intake, jobs, gate, records, presets=presets, now_usec=now_usec
            ),
            rescans=Rescans(around, intake),
            exports=Exports(around, jobs),
            archives=Archives(
                store,
                intake,
                destination=Path(config.archive.destination) if config.archive.destination else None,
                contents=Contents(config.archive.contents),
                now_usec=now_usec,
                new_correlation_id=_new_correlation_id,
            ),
            outputs=Outputs(store.front),
            identity=await history.identity(otherwise=uuid.uuid4().hex),
            version=about.version,
            access=access,
            now_usec=now_usec,
        )
        housekeeping = Housekeeping(Pruning(store.front), config.history, now_usec=now_usec)
        services = _Services(
            recovery, store, server, records, scheduler, intake, housekeeping, foresight, lists
        )
        await _run(services, settings, publish)


@dataclass(frozen=True, slots=True)
class _Services:
    recovery: Recovery
    store: Store
    server: Server
    records: SessionRecords
    scheduler: Scheduler
    intake: Intake
    housekeeping: Housekeeping
    foresight: Foresight
    lists: ArchiveLists


async def _run(services: _Services, settings: Settings, publish: Callable[[Happening], None]) -> None:
    """Run the services; end them in the order in which nothing is lost."""
    if not kernel_is_built():
        log.warning("kernel_was_missing", message=WITHOUT_KERNEL)
    stop = anyio.Event()
    async with anyio.create_task_group() as doors:
        doors.start_soon(_end_on_damage, services.store)
        await doors.start(_watch_signals, stop, services.scheduler)
        await doors.start(services.recovery.run)
        await doors.start(services.lists.run)
        with anyio.move_on_after(FAREWELL_SECONDS):
            # Whoever asks finds the records of the sessions as they should have been left.
            await services.records.flush()
        await doors.start(services.server.run)
        await doors.start(services.records.run)
        await doors.start(services.housekeeping.run)
        await doors.start(services.foresight.run)
        async with anyio.create_task_group() as work:
            await work.start(services.scheduler.run)
            async with anyio.create_task_group() as arrivals:
                await arrivals.start(services.intake.run)
                if not services.intake.sessions and not services.intake.roots:
                    log.warning("nothing_to_watch", message=NOTHING_TO_WATCH)
                log.info("ready", socket=str(settings.socket), state=str(settings.state), pid=os.getpid())
                await stop.wait()
                services.scheduler.stop(within_seconds=settings.config.daemon.stop_seconds)
                arrivals.cancel_scope.cancel()
        publish(Happening("stopping", now_usec()))
        with anyio.move_on_after(FAREWELL_SECONDS):
            await services.records.flush()
            await services.server.stop()
        doors.cancel_scope.cancel()


async def _end_on_damage(store: Store) -> None:
    raise await store.front.damage()


async def _watch_signals(
    stop: anyio.Event, scheduler: Scheduler, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    with anyio.open_signal_receiver(*STOP_SIGNALS) as received:
        task_status.started()
        async for number in received:
            log.info("stop_requested", signal=signal.Signals(number).name)
            if stop.is_set():
                # Asked twice: whoever asks does not want to wait for the photo.
                scheduler.stop(within_seconds=0)
            stop.set()


def _new_correlation_id() -> CorrelationId:
    return CorrelationId(uuid.uuid4().hex)
