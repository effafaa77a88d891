"""What people and programs do to jobs."""

from __future__ import annotations

from darkroom.errors import DARKROOM_INTERFACE, PermissionDenied
from darkroom.protocol.calls import (
    CancelJobs,
    ClearJobs,
    MoveJobs,
    PauseJobs,
    ResumeJobs,
    RetryJobs,
    SetPriority,
)
from darkroom.protocol.replies import CountReply, JobIdsReply, RetryReply
from darkroomd.api.requests import Handlers, Request, bounded
from darkroomd.core.access import Grant, made_all
from darkroomd.services.jobs import Jobs


class SteeringHandlers:
    """Changes jobs: all that a call names, or none.

    All raise `NoSuchJob`; those for which that is an error raise `InvalidJobState`.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {
            f"{DARKROOM_INTERFACE}.CancelJobs": self.cancel_jobs,
            f"{DARKROOM_INTERFACE}.RetryJobs": self.retry_jobs,
            f"{DARKROOM_INTERFACE}.PauseJobs": self.pause_jobs,
            f"{DARKROOM_INTERFACE}.ResumeJobs": self.resume_jobs,
            f"{DARKROOM_INTERFACE}.SetPriority": self.set_priority,
            f"{DARKROOM_INTERFACE}.MoveJobs": self.move_jobs,
            f"{DARKROOM_INTERFACE}.ClearJobs": self.clear_jobs,
        }

    async def cancel_jobs(self, request: Request[CancelJobs]) -> JobIdsReply:
        """Cancel jobs; return those that had not ended. Raise `PermissionDenied` for jobs of others."""
        asked = request.parameters
        if request.grant is Grant.OWN_JOBS:
            creators = await self._jobs.creators(asked.job_ids)
            if not made_all(request.caller.peer.uid, creators):
                raise PermissionDenied
        canceled = await self._jobs.cancel(asked.job_ids, reason=bounded(asked.reason, "reason"))
        return JobIdsReply(job_ids=tuple(canceled))

    async def retry_jobs(self, request: Request[RetryJobs]) -> RetryReply:
        """Queue what failed in ended jobs again; return the jobs that go on."""
        asked = request.parameters
        revived, count = await self._jobs.retry(asked.job_ids, include_canceled=bool(asked.include_canceled))
        return RetryReply(job_ids=tuple(revived), item_count=count)

    async def pause_jobs(self, request: Request[PauseJobs]) -> JobIdsReply:
        """Hold jobs back; return those that were not held back before."""
        return JobIdsReply(job_ids=tuple(await self._jobs.pause(request.parameters.job_ids)))

    async def resume_jobs(self, request: Request[ResumeJobs]) -> JobIdsReply:
        """Let jobs go on; return those that were held back."""
        return JobIdsReply(job_ids=tuple(await self._jobs.resume(request.parameters.job_ids)))

    async def set_priority(self, request: Request[SetPriority]) -> JobIdsReply:
        """Give jobs another priority; return them."""
        asked = request.parameters
        return JobIdsReply(job_ids=tuple(await self._jobs.set_priority(asked.job_ids, asked.priority)))

    async def move_jobs(self, request: Request[MoveJobs]) -> JobIdsReply:
        """Put waiting jobs elsewhere in the queue; return them."""
        asked = request.parameters
        return JobIdsReply(job_ids=tuple(await self._jobs.move(asked.job_ids, before=asked.before_job_id)))

    async def clear_jobs(self, request: Request[ClearJobs]) -> CountReply:
        """Forget ended jobs; return how many."""
        asked = request.parameters
        count = await self._jobs.clear(asked.states, ended_before_usec=asked.ended_before_usec)
        return CountReply(count=count)
