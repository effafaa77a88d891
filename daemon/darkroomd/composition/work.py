"""The part that works: photos are taken in, developed and archived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from darkroomd.composition.ground import Ground
from darkroomd.composition.shared import Shared, new_correlation_id
from darkroomd.configuring import (
    output_plan,
    queue_rules,
    recipe_names,
    retry_policy,
    sidecar_demands,
)
from darkroomd.core.estimate import KEPT, rate_of
from darkroomd.core.model import Claim, JobKind
from darkroomd.files.archive_copy import CopyMethod
from darkroomd.services.archive_lists import ArchiveLists
from darkroomd.services.archivist import Archivist
from darkroomd.services.cabinets import Cabinets
from darkroomd.services.development import Development
from darkroomd.services.disks import Disks
from darkroomd.services.first_look import FirstLook
from darkroomd.services.foresight import Foresight
from darkroomd.services.intake import Intake
from darkroomd.services.layouts import Layouts
from darkroomd.services.metering import Metered
from darkroomd.services.recovery import Recovery
from darkroomd.services.scheduler import Scheduler
from darkroomd.services.surroundings import Surroundings
from darkroomd.services.turnstile import Turnstile
from darkroomd.settings import intake_options
from darkroomd.store.line import Line
from darkroomd.system.clock import now_usec


@dataclass(frozen=True, slots=True)
class Work:
    """What takes photos in and carries out what is to be done with them."""

    recovery: Recovery
    scheduler: Scheduler
    around: Surroundings
    intake: Intake
    first_look: FirstLook
    foresight: Foresight
    lists: ArchiveLists


@dataclass(frozen=True, slots=True)
class _ArchiveRoom:
    """What archives are filed with."""

    lists: ArchiveLists
    archivist: Archivist


async def build_work(ground: Ground, shared: Shared) -> Work:
    """Build what works, and let all of it hear what happens."""
    archive_room = _archive_room(ground)
    # A photo that changes in work goes back to intake, and intake needs what tells of the work.
    way_back = _WayBack()
    scheduler = _scheduler(ground, shared, archive_room.archivist, way_back)
    scheduler.rate = rate_of(await shared.history.newest_samples(KEPT))
    around = _surroundings(ground, shared)
    way_back.intake = intake = _intake(ground, around, scheduler)
    foresight = Foresight(Line(ground.store.front), ground.executor, shared.gate, Disks())
    ground.tell.also_to(
        scheduler.notice,
        shared.gate.notice,
        archive_room.lists.notice,
        shared.records.notice,
        foresight.notice,
    )
    shared.gate.on_change = scheduler.wake
    return Work(
        recovery=_recovery(ground, shared),
        scheduler=scheduler,
        around=around,
        intake=intake,
        first_look=FirstLook(intake.folders_seen),
        foresight=foresight,
        lists=archive_room.lists,
    )


@dataclass(slots=True)
class _WayBack:
    """From the scheduler, which is built first, to intake."""

    intake: Intake | None = field(default=None, init=False)

    def __call__(self, claim: Claim) -> None:
        assert self.intake is not None
        self.intake.look_again(claim.session.id, claim.photo.name)


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
    ground: Ground, shared: Shared, archivist: Archivist, on_photo_changed: Callable[[Claim], None]
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
        Metered(development, shared.meters, now_usec=now_usec),
        ground.tell,
        by_kind={JobKind.ARCHIVE: Metered(archivist, shared.meters, now_usec=now_usec)},
        gate=shared.gate,
        stories=ground.stories,
        policy=rules.policy,
        failure_limit=rules.failure_limit,
        boot=shared.about.instance,
        now_usec=now_usec,
        on_photo_ending=shared.records.foretelling,
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


def _surroundings(ground: Ground, shared: Shared) -> Surroundings:
    return Surroundings(
        store=ground.store,
        plan=ground.plan,
        options=intake_options(ground.settings.config),
        publish=ground.tell,
        on_document_dirty=shared.records.mark,
        on_fault=shared.gate.note_arrivals,
        now_usec=now_usec,
        new_correlation_id=new_correlation_id,
        presets=shared.presets,
    )


def _intake(ground: Ground, around: Surroundings, scheduler: Scheduler) -> Intake:
    intake = Intake(around, sessions=ground.settings.sessions, roots=ground.settings.roots)
    ground.configuring.also_to(
        lambda settings: intake.adopt(intake_options(settings.config)),
        lambda settings: intake.adopt_plan(output_plan(settings), in_work=scheduler.in_work),
        lambda settings: intake.name(sessions=settings.sessions, roots=settings.roots),
    )
    return intake


def _recovery(ground: Ground, shared: Shared) -> Recovery:
    return Recovery(
        ground.store,
        shared.gate,
        Disks(),
        policy=retry_policy(ground.settings.config),
        output_folders=ground.plan.folders,
        now_usec=now_usec,
        on_stale=shared.records.mark,
    )
