"""The part that tells of the work: lists, figures, the state of health and the signs of life."""

from __future__ import annotations

import os
from dataclasses import dataclass

from darkroomd.composition.ground import Ground
from darkroomd.composition.shared import Shared
from darkroomd.composition.work import Work
from darkroomd.configuring import archive_folder, metrics_path, output_plan
from darkroomd.core.queue_depth import QueueDepth
from darkroomd.imaging.version import pipeline_version
from darkroomd.services.backups import Backups
from darkroomd.services.health import CheckUp, Patient
from darkroomd.services.health_folders import Places
from darkroomd.services.heartbeat import Heartbeat, Manager
from darkroomd.services.metrics import Logged, Metrics
from darkroomd.services.metrics_file import MetricsFile
from darkroomd.services.queries import Queries
from darkroomd.services.scheduler import Scheduler
from darkroomd.settings import DATABASE_NAME, Settings
from darkroomd.store.figures import FigureBook
from darkroomd.system.clock import now_usec, steady_seconds
from darkroomd.system.timezone import local_zone


@dataclass(frozen=True, slots=True)
class Reports:
    """What tells people, and the service manager, how the daemon is."""

    metrics: Metrics
    metrics_file: MetricsFile
    check_up: CheckUp
    queries: Queries
    heartbeat: Heartbeat


def build_reports(ground: Ground, shared: Shared, work: Work, backups: Backups) -> Reports:
    """Build what tells of the work, and let it hear what happens."""
    metrics = _metrics(ground, shared, backups)
    check_up = _check_up(ground, shared, work, backups)
    queries = _queries(ground, shared, work, check_up)
    heartbeat = _heartbeat(ground, work.scheduler, queries)
    ground.tell.also_to(heartbeat.notice)
    return Reports(metrics, _metrics_file(ground, metrics), check_up, queries, heartbeat)


def _metrics(ground: Ground, shared: Shared, backups: Backups) -> Metrics:
    depth, lines = QueueDepth(), ground.lines
    ground.tell.also_to(depth.notice)
    return Metrics(
        FigureBook(ground.store.front),
        depth,
        shared.meters,
        gate=shared.gate,
        executor=ground.executor,
        backups=backups,
        about=shared.about,
        pipeline=pipeline_version(),
        database=ground.settings.state / DATABASE_NAME,
        logged=lambda: Logged(lines.lines, lines.sink.lost_lines),
    )


def _metrics_file(ground: Ground, metrics: Metrics) -> MetricsFile:
    file = MetricsFile(metrics.text, metrics_path(ground.settings.config))
    ground.configuring.also_to(lambda settings: file.adopt(metrics_path(settings.config)))
    return file


def _check_up(ground: Ground, shared: Shared, work: Work, backups: Backups) -> CheckUp:
    patient = Patient(
        version=shared.about.version,
        store=ground.store,
        scheduler=work.scheduler,
        intake=work.intake,
        presets=shared.presets,
        executor=ground.executor,
        backups=backups,
        database=ground.settings.state / DATABASE_NAME,
        socket=ground.listener.path,
        socket_group=ground.access.group,
        now_usec=now_usec,
        steady=steady_seconds,
    )
    check_up = CheckUp(patient, _places(ground.settings))
    ground.configuring.also_to(
        lambda settings: check_up.adopt(_places(settings), socket_group=ground.configuring.access.group)
    )
    return check_up


def _places(settings: Settings) -> Places:
    archive = archive_folder(settings.config)
    others = (settings.state,) if archive is None else (settings.state, archive)
    return Places(outputs=output_plan(settings).folders, others=others)


def _queries(ground: Ground, shared: Shared, work: Work, check_up: CheckUp) -> Queries:
    return Queries(
        store=ground.store,
        scheduler=work.scheduler,
        gate=shared.gate,
        history=shared.history,
        told_of=ground.stories.told_of,
        zone=local_zone(os.environ),
        intake=work.intake,
        about=shared.about,
        check_up=check_up,
    )


def _heartbeat(ground: Ground, scheduler: Scheduler, queries: Queries) -> Heartbeat:
    notifier = ground.notifier
    manager = Manager(say=notifier.status, feed=notifier.alive, watchdog_seconds=notifier.watchdog_seconds)
    return Heartbeat(
        manager if notifier.is_heard else None, ground.store.front, ground.executor, scheduler, queries
    )
