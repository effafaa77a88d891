"""The composition: what the daemon is made of, and which part is given to which."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from darkroomd.api.listener import Listener
from darkroomd.api.server import Server
from darkroomd.bus import Bus
from darkroomd.configuring import (
    Configuring,
    access_again,
    archive_folder,
    metrics_path,
    output_plan,
    queue_rules,
    recipe_names,
    retry_policy,
    schedule,
    sidecar_demands,
)
from darkroomd.core.access import AccessPolicy
from darkroomd.core.archive_request import Contents
from darkroomd.core.estimate import KEPT, rate_of
from darkroomd.core.model import Claim, CorrelationId, Happening, JobKind
from darkroomd.core.output_plan import EVERY_RECIPE, OutputPlan
from darkroomd.core.queue_depth import QueueDepth
from darkroomd.core.status import Health
from darkroomd.files.archive_copy import CopyMethod
from darkroomd.imaging.version import installed_version, pipeline_version
from darkroomd.logs import Log
from darkroomd.services.archive_lists import ArchiveLists
from darkroomd.services.archives import Archives
from darkroomd.services.archivist import Archivist
from darkroomd.services.backups import PATIENCE_SECONDS, Backups
from darkroomd.services.cabinets import Cabinets
from darkroomd.services.culling import Culling
from darkroomd.services.development import Development
from darkroomd.services.disks import Disks
from darkroomd.services.executor import LocalExecutor
from darkroomd.services.exports import Exports
from darkroomd.services.foresight import Foresight
from darkroomd.services.gatekeeper import Gatekeeper
from darkroomd.services.health import CheckUp, Patient
from darkroomd.services.health_folders import Places
from darkroomd.services.heartbeat import Heartbeat, Manager
from darkroomd.services.housekeeping import Housekeeping
from darkroomd.services.intake import Intake
from darkroomd.services.jobs import Jobs
from darkroomd.services.layouts import Layouts
from darkroomd.services.metering import Metered, Meters
from darkroomd.services.metrics import Logged, Metrics
from darkroomd.services.metrics_file import MetricsFile
from darkroomd.services.outputs import Outputs
from darkroomd.services.places import Whereabouts
from darkroomd.services.presets import Presets
from darkroomd.services.queries import Queries
from darkroomd.services.recovery import Recovery
from darkroomd.services.reloading import Reloading
from darkroomd.services.rescans import Rescans
from darkroomd.services.revisions import Revisions
from darkroomd.services.scheduler import Scheduler
from darkroomd.services.session_records import SessionRecords
from darkroomd.services.stories import Stories
from darkroomd.services.surroundings import Surroundings
from darkroomd.services.turnstile import Turnstile
from darkroomd.services.write_ahead import WriteAhead
from darkroomd.settings import DATABASE_NAME, Settings, executor_options, intake_options
from darkroomd.store.desk import JobDesk
from darkroomd.store.figures import FigureBook
from darkroomd.store.history import History
from darkroomd.store.line import Line
from darkroomd.store.photo_desk import PhotoDesk
from darkroomd.store.places import PlaceBook
from darkroomd.store.pruning import Pruning
from darkroomd.store.store import Store
from darkroomd.system.clock import now_usec, steady_seconds
from darkroomd.system.notify import Notifier
from darkroomd.system.timezone import local_zone


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


@dataclass(frozen=True, slots=True)
class Services:
    """What runs, and the server that answers for it."""

    recovery: Recovery
    store: Store
    server: Server
    records: SessionRecords
    scheduler: Scheduler
    intake: Intake
    upkeep: Upkeep
    metrics_file: MetricsFile
    foresight: Foresight
    lists: ArchiveLists
    check_up: CheckUp
    heartbeat: Heartbeat


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What keeps the database in order."""

    housekeeping: Housekeeping
    backups: Backups
    write_ahead: WriteAhead


@dataclass(frozen=True, slots=True)
class _Common:
    """What most services are given."""

    about: Health
    history: History
    gate: Gatekeeper
    records: SessionRecords
    presets: Presets
    meters: Meters


@dataclass(frozen=True, slots=True)
class _ArchiveRoom:
    """What archives are filed with."""

    lists: ArchiveLists
    archivist: Archivist


async def compose(ground: Ground) -> Services:
    """Build everything, and let whoever has to listen to the store do so; nothing runs yet."""
    common = await _common(ground)
    archive_room = _archive_room(ground)
    # A photo that changes in work goes back to intake, and intake needs what tells of the work.
    way_back = _WayBack()
    scheduler = _scheduler(ground, common, archive_room.archivist, way_back)
    scheduler.rate = rate_of(await common.history.newest_samples(KEPT))
    around = _surroundings(ground, common)
    intake = Intake(around, sessions=ground.settings.sessions, roots=ground.settings.roots)
    ground.configuring.also_to(
        lambda settings: intake.adopt(intake_options(settings.config)),
        lambda settings: intake.adopt_plan(output_plan(settings), in_work=scheduler.in_work),
        lambda settings: intake.name(sessions=settings.sessions, roots=settings.roots),
    )
    way_back.intake = intake
    foresight = Foresight(Line(ground.store.front), ground.executor, common.gate, Disks())
    ground.tell.also_to(
        scheduler.notice,
        common.gate.notice,
        archive_room.lists.notice,
        common.records.notice,
        foresight.notice,
    )
    common.gate.on_change = scheduler.wake
    upkeep = _upkeep(ground)
    metrics = _metrics(ground, common, upkeep.backups)
    check_up = _check_up(ground, common, scheduler, intake, upkeep.backups)
    queries = _queries(ground, common, scheduler, intake, check_up)
    heartbeat = _heartbeat(ground, scheduler, queries)
    ground.tell.also_to(heartbeat.notice)
    identity = await common.history.identity(otherwise=uuid.uuid4().hex)
    return Services(
        recovery=_recovery(ground, common),
        store=ground.store,
        server=_server(
            ground,
            common,
            scheduler,
            around,
            intake,
            queries=queries,
            identity=identity,
            lists=archive_room.lists,
            metrics=metrics,
        ),
        records=common.records,
        scheduler=scheduler,
        intake=intake,
        upkeep=upkeep,
        metrics_file=_metrics_file(ground, metrics),
        foresight=foresight,
        lists=archive_room.lists,
        check_up=check_up,
        heartbeat=heartbeat,
    )


@dataclass(slots=True)
class _WayBack:
    """From the scheduler, which is built first, to intake."""

    intake: Intake | None = field(default=None, init=False)

    def __call__(self, claim: Claim) -> None:
        assert self.intake is not None
        self.intake.look_again(claim.session.id, claim.photo.name)


async def _common(ground: Ground) -> _Common:
    config, store = ground.settings.config, ground.store
    about = Health(
        version=installed_version("darkroomd"),
        pid=os.getpid(),
        instance=uuid.uuid4().hex,
        started_at_usec=now_usec(),
    )
    history = History(store.front)
    gate = Gatekeeper(history, ground.tell, schedule=schedule(config), now_usec=now_usec)
    await gate.load()
    presets = Presets(
        PhotoDesk(store.front), ground.settings.presets, now_usec=now_usec, default=config.presets.default
    )
    ground.configuring.also_to(
        lambda settings: gate.adopt(schedule(settings.config)),
        lambda settings: presets.adopt(settings.presets, default=settings.config.presets.default),
        lambda settings: ground.executor.adopt(executor_options(settings)),
        lambda settings: ground.lines.set_levels(settings.levels),
    )
    return _Common(about, history, gate, SessionRecords(store), presets, Meters())


def _upkeep(ground: Ground) -> Upkeep:
    config, database = ground.settings.config, ground.settings.state / DATABASE_NAME
    housekeeping = Housekeeping(Pruning(ground.store.front), config.history, now_usec=now_usec)
    disks = Disks(patience_seconds=PATIENCE_SECONDS)
    backups = Backups(database, config.backup, disks, now_usec=now_usec)
    ground.configuring.also_to(
        lambda settings: housekeeping.adopt(settings.config.history),
        lambda settings: backups.adopt(settings.config.backup),
    )
    return Upkeep(housekeeping, backups, WriteAhead(database))


def _metrics(ground: Ground, common: _Common, backups: Backups) -> Metrics:
    depth, lines = QueueDepth(), ground.lines
    ground.tell.also_to(depth.notice)
    return Metrics(
        FigureBook(ground.store.front),
        depth,
        common.meters,
        gate=common.gate,
        executor=ground.executor,
        backups=backups,
        about=common.about,
        pipeline=pipeline_version(),
        database=ground.settings.state / DATABASE_NAME,
        logged=lambda: Logged(lines.lines, lines.sink.lost_lines),
    )


def _metrics_file(ground: Ground, metrics: Metrics) -> MetricsFile:
    file = MetricsFile(metrics.text, metrics_path(ground.settings.config))
    ground.configuring.also_to(lambda settings: file.adopt(metrics_path(settings.config)))
    return file


def _archive_room(ground: Ground) -> _ArchiveRoom:
    store, disks, cabinets = ground.store, Disks(), Cabinets()
    method = CopyMethod(ground.settings.config.archive.method)
    lists = ArchiveLists(store, disks, cabinets, now_usec=now_usec)
    layouts = Layouts(store, disks, recipes=recipe_names(ground.settings), method=method)
    archivist = Archivist(store, disks, layouts, lists, cabinets, method=method)
    ground.configuring.also_to(
        lambda settings: archivist.adopt(
            recipes=recipe_names(settings), method=CopyMethod(settings.config.archive.method)
        )
    )
    return _ArchiveRoom(lists, archivist)


def _scheduler(
    ground: Ground, common: _Common, archivist: Archivist, on_photo_changed: Callable[[Claim], None]
) -> Scheduler:
    config, turnstile = ground.settings.config, Turnstile()
    rules = queue_rules(config)
    development = Development(
        ground.store,
        ground.executor,
        plan=ground.plan,
        deadline_seconds=config.worker.deadline_seconds,
        now_usec=now_usec,
        disks=Disks(),
        turnstile=turnstile,
        demands=sidecar_demands(config),
    )
    scheduler = Scheduler(
        ground.store,
        Metered(development, common.meters, now_usec=now_usec),
        ground.tell,
        by_kind={JobKind.ARCHIVE: Metered(archivist, common.meters, now_usec=now_usec)},
        gate=common.gate,
        stories=ground.stories,
        policy=rules.policy,
        failure_limit=rules.failure_limit,
        boot=common.about.instance,
        now_usec=now_usec,
        on_photo_ending=common.records.foretell,
        on_photo_changed=on_photo_changed,
        workers=rules.workers,
        turnstile=turnstile,
        running_background=rules.running_background,
    )
    ground.configuring.also_to(
        lambda settings: scheduler.adopt(queue_rules(settings.config)),
        lambda settings: development.adopt(
            plan=output_plan(settings),
            deadline_seconds=settings.config.worker.deadline_seconds,
            demands=sidecar_demands(settings.config),
        ),
    )
    return scheduler


def _recovery(ground: Ground, common: _Common) -> Recovery:
    return Recovery(
        ground.store,
        common.gate,
        Disks(),
        policy=retry_policy(ground.settings.config),
        output_folders=ground.plan.folders,
        now_usec=now_usec,
        on_stale=common.records.mark,
    )


def _surroundings(ground: Ground, common: _Common) -> Surroundings:
    return Surroundings(
        store=ground.store,
        plan=ground.plan,
        options=intake_options(ground.settings.config),
        publish=ground.tell,
        on_document_dirty=common.records.mark,
        on_fault=common.gate.note_arrivals,
        now_usec=now_usec,
        new_correlation_id=_new_correlation_id,
        presets=common.presets,
    )


def _server(
    ground: Ground,
    common: _Common,
    scheduler: Scheduler,
    around: Surroundings,
    intake: Intake,
    *,
    queries: Queries,
    identity: str,
    lists: ArchiveLists,
    metrics: Metrics,
) -> Server:
    store, presets = ground.store, common.presets
    jobs = Jobs(JobDesk(store.front), scheduler, common.gate, now_usec=now_usec)
    server = Server(
        ground.listener,
        queries,
        jobs,
        ground.bus,
        presets=presets,
        culling=_culling(ground, common, scheduler),
        places=Whereabouts(
            PlaceBook(store.front),
            intake,
            jobs,
            common.gate,
            common.records,
            presets=presets,
            now_usec=now_usec,
            on_canceled=lists.see_to_ended,
        ),
        rescans=Rescans(around, intake),
        exports=Exports(around, jobs),
        archives=_archives(ground, intake),
        outputs=Outputs(store.front),
        identity=identity,
        version=common.about.version,
        access=ground.access,
        reload=ground.reloading.reload,
        figures=metrics.text,
        meters=common.meters,
        now_usec=now_usec,
    )
    ground.configuring.also_to(lambda settings: server.adopt(access_again(ground.access, settings.config)))
    return server


def _check_up(
    ground: Ground, common: _Common, scheduler: Scheduler, intake: Intake, backups: Backups
) -> CheckUp:
    patient = Patient(
        version=common.about.version,
        store=ground.store,
        scheduler=scheduler,
        intake=intake,
        presets=common.presets,
        executor=ground.executor,
        backups=backups,
        database=ground.settings.state / DATABASE_NAME,
        socket=ground.listener.path,
        socket_group=ground.access.group,
        now_usec=now_usec,
        steady=steady_seconds,
    )
    check_up = CheckUp(patient, _places(ground.settings))
    ground.configuring.also_to(lambda settings: check_up.adopt(_places(settings)))
    return check_up


def _places(settings: Settings) -> Places:
    archive = archive_folder(settings.config)
    others = (settings.state,) if archive is None else (settings.state, archive)
    return Places(outputs=output_plan(settings).folders, others=others)


def _queries(
    ground: Ground, common: _Common, scheduler: Scheduler, intake: Intake, check_up: CheckUp
) -> Queries:
    return Queries(
        store=ground.store,
        scheduler=scheduler,
        gate=common.gate,
        history=common.history,
        told_of=ground.stories.told_of,
        zone=local_zone(os.environ),
        intake=intake,
        about=common.about,
        check_up=check_up,
    )


def _heartbeat(ground: Ground, scheduler: Scheduler, queries: Queries) -> Heartbeat:
    notifier = ground.notifier
    manager = Manager(say=notifier.status, feed=notifier.alive, watchdog_seconds=notifier.watchdog_seconds)
    return Heartbeat(
        manager if notifier.is_heard else None, ground.store.front, ground.executor, scheduler, queries
    )


def _culling(ground: Ground, common: _Common, scheduler: Scheduler) -> Culling:
    revisions = Revisions(
        PhotoDesk(ground.store.front),
        recipe=EVERY_RECIPE,
        on_document_dirty=common.records.mark,
        now_usec=now_usec,
        new_correlation_id=_new_correlation_id,
    )
    return Culling(revisions, common.presets, scheduler, Disks(), now_usec=now_usec)


def _archives(ground: Ground, intake: Intake) -> Archives:
    config = ground.settings.config
    archives = Archives(
        ground.store,
        intake,
        destination=archive_folder(config),
        contents=Contents(config.archive.contents),
        now_usec=now_usec,
        new_correlation_id=_new_correlation_id,
    )
    ground.configuring.also_to(
        lambda settings: archives.adopt(
            destination=archive_folder(settings.config), contents=Contents(settings.config.archive.contents)
        )
    )
    return archives


def _new_correlation_id() -> CorrelationId:
    return CorrelationId(uuid.uuid4().hex)
