"""What most services are given."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass

from darkroomd.composition.ground import Ground
from darkroomd.configuring import schedule
from darkroomd.core.model import CorrelationId
from darkroomd.core.status import Health
from darkroomd.imaging.version import installed_version
from darkroomd.services.gatekeeper import Gatekeeper
from darkroomd.services.metering import Meters
from darkroomd.services.presets import Presets
from darkroomd.services.session_records import SessionRecords
from darkroomd.settings import executor_options
from darkroomd.store.history import History
from darkroomd.store.photo_desk import PhotoDesk
from darkroomd.system.clock import now_usec


@dataclass(frozen=True, slots=True)
class Shared:
    """What most services are given."""

    about: Health
    history: History
    gate: Gatekeeper
    records: SessionRecords
    presets: Presets
    meters: Meters


async def share(ground: Ground) -> Shared:
    """Build what most services are given; raise `DarkroomError` where the store refuses."""
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
    return Shared(about, history, gate, SessionRecords(store), presets, Meters())


def new_correlation_id() -> CorrelationId:
    """Return what a new story is told apart by."""
    return CorrelationId(uuid.uuid4().hex)
