"""What clients do to jobs, asynchronously; see `store.verbs` for each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import anyio

from darkroom.protocol.types import Failure, JobState, Priority
from darkroomd.core.model import JobId
from darkroomd.store import exports, verbs
from darkroomd.store.exports import Exported, MustStop, NewExport
from darkroomd.store.front import Front
from darkroomd.store.rescans import Asked


class JobDesk:
    """Each method changes all the jobs it names or none.

    All raise `NoSuchJob` where a number is not known, and `InvalidJobState` where it is not possible.
    """

    def __init__(self, front: Front) -> None:
        self._front = front

    async def creators(self, job_ids: Sequence[JobId]) -> list[int | None]:
        """Return the user who asked for each job; None: nobody did, or there is no such job."""
        return await self._front.read(lambda database: verbs.creators(database, job_ids))

    async def cancel(
        self, job_ids: Sequence[JobId], *, failure: Failure, reason: str, now_usec: int
    ) -> list[JobId]:
        """Cancel jobs; their running items are still to be stopped. Return those that had not ended.

        Nothing more of them is started, but very many items are only canceled by `finish_canceling`.
        """
        return await self._front.write(
            lambda database: verbs.cancel_jobs(
                database, job_ids, failure=failure, reason=reason, now_usec=now_usec
            )
        )

    async def finish_canceling(self, *, now_usec: int) -> None:
        """Cancel what waits in jobs that were canceled, a few items in each transaction.

        Killed in between, the next start is to call it again.
        """
        with anyio.CancelScope(shield=True):
            while await self._front.write(
                lambda database: verbs.go_on_canceling(database, now_usec=now_usec)
            ):
                pass

    async def retry(
        self, job_ids: Sequence[JobId], *, include_canceled: bool, now_usec: int
    ) -> tuple[list[JobId], int]:
        """Queue failed (and canceled) items of ended jobs again; return those jobs and how many items.

        A few items in each transaction: killed in between, the others are still as they were.
        """
        revived, count = await self._front.write(
            lambda database: verbs.retry_jobs(
                database, job_ids, include_canceled=include_canceled, now_usec=now_usec
            )
        )
        with anyio.CancelScope(shield=True):
            for job_id in revived:
                more = partial(
                    verbs.go_on_retrying, job_id=job_id, include_canceled=include_canceled, now_usec=now_usec
                )
                while some := await self._front.write(more):
                    count += some
        return revived, count

    async def pause(self, job_ids: Sequence[JobId], *, paused: bool, now_usec: int) -> list[JobId]:
        """Hold jobs back, or let them go; return those that changed."""
        return await self._front.write(
            lambda database: verbs.pause_jobs(database, job_ids, paused=paused, now_usec=now_usec)
        )

    async def set_priority(
        self, job_ids: Sequence[JobId], priority: Priority, *, now_usec: int
    ) -> list[JobId]:
        """Give jobs another priority; return them."""
        return await self._front.write(
            lambda database: verbs.set_priority(database, job_ids, priority, now_usec=now_usec)
        )

    async def move(self, job_ids: Sequence[JobId], *, before: JobId | None, now_usec: int) -> list[JobId]:
        """Put waiting jobs before another one, or behind all others; return them."""
        return await self._front.write(
            lambda database: verbs.move_jobs(database, job_ids, before=before, now_usec=now_usec)
        )

    async def export(
        self, export: NewExport, *, asked: Asked | None = None, now_usec: int
    ) -> Exported | MustStop:
        """Make an export; raise `NoSuchSession`, `NoSuchPhoto`.

        It is the same as before where the key in `asked` made one already. A few photos in each transaction:
        killed in between, the others are where they were. Nothing of it may be started meanwhile.
        """
        start = partial(exports.start_export, export=export, asked=asked, now_usec=now_usec)
        exported = await self._front.write(start)
        with anyio.CancelScope(shield=True):
            while isinstance(exported, Exported) and exported.rest:
                more = partial(
                    exports.go_on_exporting, export=export, begun=exported, asked=asked, now_usec=now_usec
                )
                exported = await self._front.write(more)
        return exported

    async def clear(self, *, states: Sequence[JobState], ended_before_usec: int | None, now_usec: int) -> int:
        """Forget ended jobs; return how many."""
        cleared = 0
        while count := await self._front.write(
            lambda database: verbs.clear_jobs(
                database, states=states, ended_before_usec=ended_before_usec, now_usec=now_usec
            )
        ):
            cleared += count
        return cleared
