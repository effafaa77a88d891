"""The part that keeps the queue database in order."""

from __future__ import annotations

from dataclasses import dataclass

from darkroomd.composition.ground import Ground
from darkroomd.services.backups import PATIENCE_SECONDS, Backups
from darkroomd.services.disks import Disks
from darkroomd.services.housekeeping import Housekeeping
from darkroomd.services.write_ahead import WriteAhead
from darkroomd.settings import DATABASE_NAME
from darkroomd.store.pruning import Pruning
from darkroomd.system.clock import now_usec


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What keeps the database in order."""

    housekeeping: Housekeeping
    backups: Backups
    write_ahead: WriteAhead


def build_upkeep(ground: Ground) -> Upkeep:
    """Build what keeps the database in order; nothing runs yet."""
    config, database = ground.settings.config, ground.settings.state / DATABASE_NAME
    housekeeping = Housekeeping(Pruning(ground.store.front), config.history, now_usec=now_usec)
    disks = Disks(patience_seconds=PATIENCE_SECONDS)
    backups = Backups(database, config.backup, disks, now_usec=now_usec)
    ground.configuring.also_to(
        lambda settings: housekeeping.adopt(settings.config.history),
        lambda settings: backups.adopt(settings.config.backup),
    )
    return Upkeep(housekeeping, backups, WriteAhead(database))
