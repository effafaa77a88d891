"""What the daemon can say of itself: a line a part, with what to do where it is not well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import TaskStatus

from darkroomd.core.checks.records import presets_check, queue_check
from darkroomd.core.status import Check
from darkroomd.services.backups import Backups
from darkroomd.services.executor import LocalExecutor
from darkroomd.services.health_folders import FolderRound, Places
from darkroomd.services.health_machine import ClockWatch, DoorWatch, limits_examination
from darkroomd.services.health_records import Records, backup_examination
from darkroomd.services.health_round import Examination, HealthRound
from darkroomd.services.health_software import Software
from darkroomd.services.intake import Intake
from darkroomd.services.presets import Presets
from darkroomd.services.scheduler import Scheduler
from darkroomd.store.inspection import Inspection
from darkroomd.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What the health report is about.

    Attributes:
        version: of this daemon.
        database: the file of the queue.
        socket: the path that programs call at.
        socket_group: number of the group that is to be let in; None: none is.
        now_usec: microseconds since the Unix epoch, UTC.
        steady: seconds of a clock that nobody sets, and that goes on while the machine sleeps.
    """

    version: str
    store: Store
    scheduler: Scheduler
    intake: Intake
    presets: Presets
    executor: LocalExecutor
    backups: Backups
    database: Path
    socket: Path
    socket_group: int | None
    now_usec: Callable[[], int]
    steady: Callable[[], float]


class CheckUp:
    """Makes the health report, whenever it is called."""

    def __init__(self, patient: Patient, places: Places) -> None:
        inspection = Inspection(patient.store.front)
        now_usec = patient.now_usec
        self._software = Software(patient.executor, running=patient.version)
        self._records = Records(patient.store, inspection, patient.database, now_usec=now_usec)
        self._folders = FolderRound(patient.store, patient.intake, places)
        self._door = DoorWatch(patient.socket, group=patient.socket_group)
        self._round = HealthRound(self._examinations(patient, inspection))

    def adopt(self, places: Places, *, socket_group: int | None) -> None:
        """Look at these places from now on, and whether this group is let in."""
        self._folders.places = places
        self._door.group = socket_group

    async def __call__(self) -> tuple[Check, ...]:
        """Return the checks, always in the same order."""
        return await self._round()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Do what takes longer than a caller is kept waiting, until cancelled."""
        async with anyio.create_task_group() as group:
            await group.start(self._software.run)
            await group.start(self._records.run)
            task_status.started()

    def _examinations(self, patient: Patient, inspection: Inspection) -> tuple[Examination, ...]:
        clock = ClockWatch(inspection, now_usec=patient.now_usec, steady=patient.steady)
        limits = limits_examination(lambda: patient.intake.wanted_watches)
        backup = backup_examination(patient.backups, now_usec=patient.now_usec)
        return (
            Examination("software", self._software.examine),
            Examination("queue", _at_once(lambda: (queue_check(patient.scheduler.wait_reasons),))),
            Examination("failures", self._records.failures),
            Examination("database", self._records.examine),
            Examination("backup", _at_once(backup)),
            Examination("folders", self._folders.examine),
            Examination("presets", lambda: _presets(patient.presets)),
            Examination("limits", _at_once(limits)),
            Examination("clock", clock.examine),
            Examination("socket", self._door.examine),
        )


def _at_once(examine: Callable[[], Sequence[Check]]) -> Callable[[], Awaitable[Sequence[Check]]]:
    """Return an examination of what need not be waited for."""

    async def examined() -> Sequence[Check]:
        return examine()

    return examined


async def _presets(presets: Presets) -> tuple[Check, ...]:
    problems = await presets.problems()
    return (presets_check(len((await presets.library()).presets), problems=problems),)
