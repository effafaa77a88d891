"""The part that answers: the server, and what only requests need."""

from __future__ import annotations

from darkroomd.api.server import Server
from darkroomd.composition.ground import Ground
from darkroomd.composition.reports import Reports
from darkroomd.composition.shared import Shared, new_correlation_id
from darkroomd.composition.work import Work
from darkroomd.configuring import archive_folder
from darkroomd.core.archive_request import Contents
from darkroomd.core.output_plan import EVERY_RECIPE
from darkroomd.services.archives import Archives
from darkroomd.services.culling import Culling
from darkroomd.services.disks import Disks
from darkroomd.services.exports import Exports
from darkroomd.services.intake import Intake
from darkroomd.services.jobs import Jobs
from darkroomd.services.outputs import Outputs
from darkroomd.services.places import Whereabouts
from darkroomd.services.rescans import Rescans
from darkroomd.services.revisions import Revisions
from darkroomd.services.scheduler import Scheduler
from darkroomd.store.desk import JobDesk
from darkroomd.store.photo_desk import PhotoDesk
from darkroomd.store.places import PlaceBook
from darkroomd.system.clock import now_usec


def build_server(ground: Ground, shared: Shared, work: Work, reports: Reports, *, identity: str) -> Server:
    """Build what answers; `identity` is that of the history, which cursors belong to."""
    store, presets = ground.store, shared.presets
    jobs = Jobs(JobDesk(store.front), work.scheduler, shared.gate, now_usec=now_usec)
    server = Server(
        ground.listener,
        reports.queries,
        jobs,
        ground.bus,
        presets=presets,
        culling=_culling(ground, shared, work.scheduler),
        places=Whereabouts(
            PlaceBook(store.front),
            work.intake,
            jobs,
            shared.gate,
            shared.records,
            presets=presets,
            now_usec=now_usec,
            on_canceled=work.lists.see_to_ended,
        ),
        rescans=Rescans(work.around, work.intake),
        exports=Exports(work.around, jobs),
        archives=_archives(ground, work.intake),
        outputs=Outputs(store.front),
        identity=identity,
        version=shared.about.version,
        access=ground.access,
        reload=ground.reloading.reload,
        figures=reports.metrics.text,
        meters=shared.meters,
        looked=work.first_look.over,
        now_usec=now_usec,
    )
    ground.configuring.also_to(
        # Whom the socket lets in no more is refused by then, also where it called before.
        lambda _: server.adopt(ground.configuring.access),
        lambda _: ground.listener.let_in(ground.configuring.access.group),
    )
    return server


def _culling(ground: Ground, shared: Shared, scheduler: Scheduler) -> Culling:
    revisions = Revisions(
        PhotoDesk(ground.store.front),
        recipe=EVERY_RECIPE,
        on_document_dirty=shared.records.mark,
        now_usec=now_usec,
        new_correlation_id=new_correlation_id,
    )
    return Culling(revisions, shared.presets, scheduler, Disks(), now_usec=now_usec)


def _archives(ground: Ground, intake: Intake) -> Archives:
    config = ground.settings.config
    archives = Archives(
        ground.store,
        intake,
        destination=archive_folder(config),
        contents=Contents(config.archive.contents),
        now_usec=now_usec,
        new_correlation_id=new_correlation_id,
    )
    ground.configuring.also_to(
        lambda settings: archives.adopt(
            destination=archive_folder(settings.config), contents=Contents(settings.config.archive.contents)
        )
    )
    return archives
