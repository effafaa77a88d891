"""Jobs and their items: the methods of the client."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Final

from darkroom.client.exchange import PAGE_ENTRIES, Exchange
from darkroom.client.paths import file_at
from darkroom.client.patience import SILENCE_SECONDS, Patience
from darkroom.errors import ConnectionLost, DaemonUnreachable, Stopping, TimedOut
from darkroom.protocol import calls, replies
from darkroom.protocol.types import Item, ItemState, Job, JobFilter, JobOptions, JobState, Priority

_LONGEST_USEC: Final = 2**63 - 1
"""The largest number the protocol has."""


class JobCalls(Exchange):
    """Asks for jobs and their items, waits for them and steers them.

    Each method that steers takes several jobs and changes all or none: it raises `NoSuchJob` for the first
    that is not known, and `InvalidJobState` for the first that is in a state where that is not possible.
    """

    def start_export(
        self,
        session_id: str,
        *,
        photo_ids: Sequence[str] | None = None,
        recipes: Sequence[str] | None = None,
        force: bool | None = None,
        dry_run: bool | None = None,
        options: JobOptions | None = None,
    ) -> replies.StartedReply:
        """Develop a session, or some of its photos, now; return the job, without waiting for it.

        What is developed and up to date is skipped, what failed is tried once more.

        Args:
            session_id: of the session.
            photo_ids: of some of its photos; None: all that are not discarded.
            recipes: names from the configuration; None: all.
            force: develop also what is up to date.
            dry_run: make no job, and only count its items.
            options: with an `idempotency_key`, asking twice makes one job.

        Raises:
            NoSuchSession, NoSuchPhoto: one of them is not known; nothing was started.
        """
        question = calls.StartExport(
            session_id=session_id,
            photo_ids=None if photo_ids is None else tuple(photo_ids),
            recipes=None if recipes is None else tuple(recipes),
            force=force,
            dry_run=dry_run,
            options=options,
        )
        return self._start(question, replies.StartedReply, options)

    def start_archive(
        self,
        session_ids: Sequence[str],
        *,
        destination: str | os.PathLike[str] | None = None,
        contents: str | None = None,
        dry_run: bool | None = None,
        options: JobOptions | None = None,
    ) -> replies.StartedReply:
        """Copy finished photos into year folders; return the job, without waiting for it.

        Args:
            session_ids: of the sessions.
            destination: an absolute path on the daemon's machine; None: the configured archive.
            contents: outputs, originals or both; None: both.
            dry_run: make no job, and only count its items.
            options: with an `idempotency_key`, asking twice makes one job.

        Raises:
            NoSuchSession, PathNotAllowed: nothing was started.
        """
        question = calls.StartArchive(
            session_ids=tuple(session_ids),
            destination=None if destination is None else file_at(destination),
            contents=contents,
            dry_run=dry_run,
            options=options,
        )
        return self._start(question, replies.StartedReply, options)

    def rescan_session(self, session_id: str, options: JobOptions | None = None) -> replies.RescanReply:
        """Queue what has no up-to-date output at low priority; return the job, if there is anything to do.

        Raises:
            NoSuchSession, PathNotAllowed: it is not known, or its folder is not there.
        """
        question = calls.RescanSession(session_id=session_id, options=options)
        return self._start(question, replies.RescanReply, options)

    def list_jobs(
        self, matching: JobFilter | None = None, *, by_position: bool | None = None
    ) -> Iterator[Job]:
        """Return the jobs that match, newest first; by position: the waiting ones, as they will run."""
        return self._entries(
            lambda cursor: calls.ListJobs(
                filter=matching, by_position=by_position, limit=PAGE_ENTRIES, cursor=cursor
            ),
            replies.JobsReply,
            lambda page: page.jobs,
        )

    def get_job(self, job_id: int) -> Job:
        """Return one job, or raise `NoSuchJob`."""
        return self._ask(calls.GetJob(job_id=job_id), replies.JobReply).job

    def list_items(self, job_id: int, *, states: Sequence[ItemState] | None = None) -> Iterator[Item]:
        """Return the items of a job that are in one of the states (None: in any), or raise `NoSuchJob`."""
        return self._entries(
            lambda cursor: calls.ListItems(
                job_id=job_id,
                states=None if states is None else tuple(states),
                limit=PAGE_ENTRIES,
                cursor=cursor,
            ),
            replies.ItemsReply,
            lambda page: page.items,
        )

    def get_item(self, item_id: int) -> Item:
        """Return one item, or raise `NoSuchItem`."""
        return self._ask(calls.GetItem(item_id=item_id), replies.ItemReply).item

    def wait_job(self, job_id: int, *, timeout_usec: int | None = None, patience: float = 30.0) -> Job:
        """Wait until a job has ended and return it, be it completed, failed or canceled; see `watch_job`."""
        last: Job | None = None
        for job in self.watch_job(job_id, timeout_usec=timeout_usec, patience=patience):
            last = job
        assert last is not None
        return last

    def watch_job(
        self, job_id: int, *, timeout_usec: int | None = None, patience: float = 30.0
    ) -> Generator[Job, None, None]:
        """Yield a job as it is now and upon each change; the last one has ended.

        A daemon that is restarted meanwhile is waited for, and the job with it.

        Args:
            job_id: of the job.
            timeout_usec: microseconds to wait for its end; None: for ever.
            patience: seconds to wait for a daemon that went away.

        Raises:
            NoSuchJob: it is not, or no longer, known.
            TimedOut: it has not ended in time.
        """
        waiting = Patience(patience)
        deadline = None if timeout_usec is None else time.monotonic() + timeout_usec / 1_000_000
        seen: Job | None = None
        while True:
            question = calls.WaitJob(job_id=job_id, timeout_usec=_left_usec(deadline))
            try:
                following = self._follow(question, replies.JobReply, silence_seconds=SILENCE_SECONDS)
                with closing(following) as answers:
                    for reply in answers:
                        waiting.renew()
                        # Without news it is sent again from time to time, as a sign of life.
                        if reply.job != seen:
                            seen = reply.job
                            yield reply.job
            except (ConnectionLost, DaemonUnreachable, Stopping) as error:
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimedOut from error
                waiting.wait_after(error, until=deadline)
            else:
                return

    def cancel_jobs(self, job_ids: Sequence[int], *, reason: str | None = None) -> tuple[int, ...]:
        """Cancel jobs with all their items, and return those that had not ended yet."""
        question = calls.CancelJobs(job_ids=tuple(job_ids), reason=reason)
        return self._ask_once(question, replies.JobIdsReply).job_ids

    def retry_jobs(
        self, job_ids: Sequence[int], *, include_canceled: bool | None = None
    ) -> replies.RetryReply:
        """Queue the failed (with `include_canceled` also the canceled) items of ended jobs again."""
        question = calls.RetryJobs(job_ids=tuple(job_ids), include_canceled=include_canceled)
        return self._ask_once(question, replies.RetryReply)

    def pause_jobs(self, job_ids: Sequence[int]) -> tuple[int, ...]:
        """Start nothing more of these jobs until they are resumed; return those that were changed."""
        return self._ask(calls.PauseJobs(job_ids=tuple(job_ids)), replies.JobIdsReply).job_ids

    def resume_jobs(self, job_ids: Sequence[int]) -> tuple[int, ...]:
        """Let paused jobs go on, and return those that were changed."""
        return self._ask(calls.ResumeJobs(job_ids=tuple(job_ids)), replies.JobIdsReply).job_ids

    def set_priority(self, job_ids: Sequence[int], priority: Priority) -> tuple[int, ...]:
        """Say how urgent jobs are, and return those that were changed."""
        question = calls.SetPriority(job_ids=tuple(job_ids), priority=priority)
        return self._ask(question, replies.JobIdsReply).job_ids

    def move_jobs(self, job_ids: Sequence[int], *, before_job_id: int | None = None) -> tuple[int, ...]:
        """Put waiting jobs, in this order, before another one (None: to the end); return those moved.

        They take on the priority of their new neighbour.
        """
        question = calls.MoveJobs(job_ids=tuple(job_ids), before_job_id=before_job_id)
        return self._ask(question, replies.JobIdsReply).job_ids

    def clear_jobs(
        self, *, states: Sequence[JobState] | None = None, ended_before_usec: int | None = None
    ) -> int:
        """Forget ended jobs and return how many; their share in the statistics stays.

        Args:
            states: only jobs that ended so; None: completed and canceled ones.
            ended_before_usec: only jobs that ended before this point in time.
        """
        question = calls.ClearJobs(
            states=None if states is None else tuple(states), ended_before_usec=ended_before_usec
        )
        return self._ask_once(question, replies.CountReply).count


def _left_usec(deadline: float | None) -> int | None:
    if deadline is None:
        return None
    # A float this large is not exact, and could become more than was asked for.
    return max(0, min(_LONGEST_USEC, int((deadline - time.monotonic()) * 1_000_000)))
