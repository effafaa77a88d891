"""The whole: everything that runs, built in the order in which one part needs the other."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from darkroomd.api.server import Server
from darkroomd.composition.ground import Ground
from darkroomd.composition.reports import build_reports
from darkroomd.composition.server import build_server
from darkroomd.composition.shared import share
from darkroomd.composition.upkeep import Upkeep, build_upkeep
from darkroomd.composition.work import build_work
from darkroomd.services.archive_lists import ArchiveLists
from darkroomd.services.first_look import FirstLook
from darkroomd.services.foresight import Foresight
from darkroomd.services.health import CheckUp
from darkroomd.services.heartbeat import Heartbeat
from darkroomd.services.intake import Intake
from darkroomd.services.metrics_file import MetricsFile
from darkroomd.services.recovery import Recovery
from darkroomd.services.scheduler import Scheduler
from darkroomd.services.session_records import SessionRecords
from darkroomd.store.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """What runs, and the server that answers for it."""

    recovery: Recovery
    store: Store
    server: Server
    records: SessionRecords
    scheduler: Scheduler
    intake: Intake
    first_look: FirstLook
    upkeep: Upkeep
    metrics_file: MetricsFile
    foresight: Foresight
    lists: ArchiveLists
    check_up: CheckUp
    heartbeat: Heartbeat


async def compose(ground: Ground) -> Services:
    """Build everything, and let whoever has to listen to the store do so; nothing runs yet."""
    shared = await share(ground)
    work = await build_work(ground, shared)
    upkeep = build_upkeep(ground)
    reports = build_reports(ground, shared, work, upkeep.backups)
    identity = await shared.history.identity(otherwise=uuid.uuid4().hex)
    return Services(
        recovery=work.recovery,
        store=ground.store,
        server=build_server(ground, shared, work, reports, identity=identity),
        records=shared.records,
        scheduler=work.scheduler,
        intake=work.intake,
        first_look=work.first_look,
        upkeep=upkeep,
        metrics_file=reports.metrics_file,
        foresight=work.foresight,
        lists=work.lists,
        check_up=reports.check_up,
        heartbeat=reports.heartbeat,
    )
