"""Keeps what holds work back: the pause, the inhibitors, the schedule, and faults of the disk."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Generator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final

import anyio
import structlog

from darkroom.protocol.types import InhibitMode, Priority
from darkroomd.core.gate import Circumstances, Holder, Pause, Permission, is_in_force, permission
from darkroomd.core.model import Happening, JobId, SessionId
from darkroomd.core.retry import Hold, JobHold, SessionHold
from darkroomd.core.schedule import Windows, is_open, next_change
from darkroomd.store.history import History

USEC: Final = 1_000_000

NOT_RESPONDING: Final = "disk.not_responding"
"""Why nothing of a session is started whose folder does not answer."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Schedule:
    """Windows of time by the clock of a zone."""

    windows: Windows = field(default_factory=Windows)
    zone: tzinfo = UTC

    def is_open(self, now_usec: int) -> bool:
        """Tell whether work may run."""
        return is_open(self.windows, self._local(now_usec))

    def next_change_usec(self, now_usec: int) -> int | None:
        """Return when that changes."""
        change = next_change(self.windows, self._local(now_usec))
        return None if change is None else round(change.timestamp()) * USEC

    def _local(self, now_usec: int) -> datetime:
        return datetime.fromtimestamp(now_usec / USEC, self.zone)


@dataclass(frozen=True, slots=True)
class _Rest:
    """A fault that is given time to go away; `since` it was met, and `until`, by the monotonic clock."""

    reason: str
    since: float
    until: float


class Gatekeeper:
    """Answers whether work may be started now; tells of each change, and wakes whoever waits for one."""

    def __init__(
        self,
        history: History,
        publish: Callable[[Happening], None],
        *,
        schedule: Schedule,
        now_usec: Callable[[], int],
        monotonic: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._history = history
        self._publish = publish
        self._schedule = schedule
        self._now_usec = now_usec
        self._monotonic = monotonic
        self._holders: dict[int, Holder] = {}
        self._last_holder = 0
        self._fault: _Rest | None = None
        self._sessions: dict[SessionId, _Rest] = {}
        self._unvisited: set[SessionId] = set()
        self._held_times: dict[SessionId, int] = {}
        self._jobs: dict[JobId, _Rest] = {}
        self._job_times: dict[JobId, int] = {}
        self._arrivals: dict[SessionId, str] = {}
        self._pause: Pause | None = None
        self.on_change: Callable[[], None] = lambda: None

    async def load(self) -> None:
        """Take up the pause that was in force when the daemon stopped."""
        self._pause = await self._history.pause()

    def adopt(self, schedule: Schedule) -> None:
        """Go by this schedule from now on; what has been started runs on."""
        if schedule != self._schedule:
            self._schedule = schedule
            self._tell()
            self.on_change()

    @property
    def holders(self) -> tuple[Holder, ...]:
        """All inhibitors that are in force, oldest first."""
        return tuple(self._holders.values())

    @property
    def pause(self) -> Pause | None:
        """The pause that is in force."""
        return self._pause if is_in_force(self._pause, now_usec=self._now_usec()) else None

    def permission(self) -> Permission:
        """Return what may be started now."""
        now = self._now_usec()
        fault = self._fault
        circumstances = Circumstances(
            pause=self._pause,
            inhibited=bool(self._holders),
            in_schedule=self._schedule.is_open(now),
            fault=fault.reason if fault is not None and self._monotonic() < fault.until else None,
        )
        return permission(circumstances, now_usec=now)

    def unhindered(self) -> Priority | None:
        """Return the least priority that may be started; None: none, or not before something is seen to."""
        seen_to = self._pause is None and self._fault is None and not self._jobs and not self.held_sessions()
        return self.permission().least_priority if seen_to else None

    def moment(self) -> float:
        """Return the time by the clock that faults are given time by."""
        return self._monotonic()

    @property
    def is_at_fault(self) -> bool:
        """Whether all work met a fault, and none has succeeded since."""
        return self._fault is not None

    def wait_reasons(self) -> tuple[str, ...]:
        """Return why nothing, or not everything, is started; a fault counts until work succeeded again."""
        faults = [] if self._fault is None else [self._fault.reason]
        faults += [rest.reason for rest in self._sessions.values()]
        faults += [rest.reason for rest in self._jobs.values()]
        faults += self._arrivals.values()
        faults += [NOT_RESPONDING] if self._unvisited else []
        return tuple(dict.fromkeys((*self.permission().reasons, *faults)))

    def reasons_of(self, session_id: SessionId | None) -> tuple[str, ...]:
        """Return why nothing of one session is started."""
        faults = [] if self._fault is None else [self._fault.reason]
        if session_id is not None and session_id in self._sessions:
            faults.append(self._sessions[session_id].reason)
        if session_id in self._unvisited:
            faults.append(NOT_RESPONDING)
        return tuple(dict.fromkeys((*self.permission().reasons, *faults)))

    def await_visit(self, session_ids: Collection[SessionId]) -> None:
        """Start nothing of these sessions before it is known what a dead daemon left in their folders."""
        self._unvisited.update(session_ids)

    def visited(self, session_id: SessionId) -> None:
        """From now on work in the session's folder may be started."""
        self._unvisited.discard(session_id)
        if not self._unvisited:
            self._tell()
        self.on_change()

    def forget(self, session_id: SessionId) -> None:
        """Wait for nothing of a session that is no longer known."""
        self._unvisited.discard(session_id)
        self._sessions.pop(session_id, None)
        self._held_times.pop(session_id, None)
        self._arrivals.pop(session_id, None)
        self._tell()
        self.on_change()

    def held_sessions(self) -> AbstractSet[SessionId]:
        """Return the sessions whose folders failed and have not succeeded since."""
        return self._unvisited | self._sessions.keys()

    def waiting_sessions(self) -> AbstractSet[SessionId]:
        """Return the sessions whose folders are given time to become usable again."""
        now = self._monotonic()
        resting = {session for session, rest in self._sessions.items() if now < rest.until}
        return frozenset(self._unvisited | resting)

    def seconds_to_change(self) -> float:
        """Return how long the answer holds if nothing else happens and no clock jumps; infinity: for ever."""
        on_the_wall, now = self._now_usec(), self._monotonic()
        times = [self._schedule.next_change_usec(on_the_wall)]
        times.append(None if self._pause is None else self._pause.until_usec)
        waits = [(time - on_the_wall) / USEC for time in times if time is not None]
        rests = [
            *self._sessions.values(),
            *self._jobs.values(),
            *([] if self._fault is None else [self._fault]),
        ]
        waits += [rest.until - now for rest in rests]
        return min((wait for wait in waits if wait > 0), default=math.inf)

    async def set_pause(self, pause: Pause | None) -> None:
        """Pause the queue or let it go on, durably."""
        await self._history.set_pause(pause, now_usec=self._now_usec())
        self._pause = pause
        log.info("queue_resumed" if pause is None else "queue_paused", reason=pause and pause.reason)
        self.on_change()

    async def lapse(self) -> None:
        """Record and tell that a pause is over, if its time has come; raise `StateUnwritable`."""
        over = self._pause
        if over is None or self.pause is not None:
            return
        # Somebody may be renewing it at this moment: only the pause that is over is taken away.
        if await self._history.end_pause(over, now_usec=self._now_usec()):
            if self._pause is over:
                self._pause = None
            log.info("queue_resumed", reason=over.reason)
            self.on_change()

    def hold(self, hold: Hold, why: str) -> None:
        """Start nothing until the fault has been given time to go away."""
        if self._fault is None:
            log.error("queue_waits", reason=hold.reason, message=why)
        self._fault = self._rest(hold)
        self._tell()

    def hold_session(
        self, session_id: SessionId, hold: SessionHold, why: str, *, begun_at: float = math.inf
    ) -> None:
        """Start nothing of a session until its folder has been given time to become usable again.

        Work that began before a fault was met, and then meets it as well, says nothing new.
        """
        known = self._sessions.get(session_id)
        if known is not None and begun_at < known.since:
            return
        if known is None:
            log.error("session_waits", session=session_id, reason=hold.reason, message=why)
        self._sessions[session_id] = self._rest(hold)
        self._held_times[session_id] = self.held_times(session_id) + 1
        self._tell()

    def hold_job(self, job_id: JobId, hold: JobHold, why: str) -> None:
        """Start nothing of a job until what stands in its way has been given time to go away."""
        if job_id not in self._jobs:
            log.error("job_waits", job=job_id, reason=hold.reason, message=why)
        self._jobs[job_id] = self._rest(hold)
        self._job_times[job_id] = self.job_held_times(job_id) + 1
        self._tell()

    def waiting_jobs(self) -> AbstractSet[JobId]:
        """Return the jobs that are given time."""
        now = self._monotonic()
        return frozenset(job for job, rest in self._jobs.items() if now < rest.until)

    def release_job(self, job_id: JobId) -> None:
        """Nothing stands in the way of a job any more."""
        rest = self._jobs.pop(job_id, None)
        self._job_times.pop(job_id, None)
        if rest is not None:
            log.info("job_goes_on", job=job_id, reason=rest.reason)
            self._tell()

    def job_held_times(self, job_id: JobId) -> int:
        """Return how often in a row something stood in the way of a job."""
        return self._job_times.get(job_id, 0)

    def holds_of(self, job_id: JobId) -> tuple[str, ...]:
        """Return what stands in the way of a job by itself, also while it is tried whether that is gone."""
        return (self._jobs[job_id].reason,) if job_id in self._jobs else ()

    def notice(self, happening: Happening) -> None:
        """Wait for nothing of a job that has ended."""
        gone = happening.job_id if happening.kind == "job.removed" else None
        if happening.job is not None and happening.job.ended_at_usec is not None:
            gone = happening.job.id
        if gone is not None and self._jobs.pop(gone, None) is not None:
            self._job_times.pop(gone, None)
            self._tell()

    def held_times(self, session_id: SessionId) -> int:
        """Return how often in a row work in a session's folder failed."""
        return self._held_times.get(session_id, 0)

    def release(self, session_id: SessionId, *, begun_at: float) -> None:
        """The fault is gone: work in that session that began at that moment, after it was met, succeeded."""
        self._release([session_id], begun_at=begun_at)

    def release_all_but(self, waiting: Collection[SessionId]) -> None:
        """The fault is gone: nothing that may be started is left, but perhaps in sessions still given time.

        Those are given as they were when the queue was looked at: time that ran out since proves nothing.
        """
        self._release(self._sessions.keys() - waiting, begun_at=math.inf)

    def _release(self, sessions: Collection[SessionId], *, begun_at: float) -> None:
        gone = [one for one in sessions if one in self._sessions and self._sessions[one].since <= begun_at]
        for session in gone:
            del self._sessions[session]
        for session in set(sessions) - self._sessions.keys():
            self._held_times.pop(session, None)
        fault = self._fault if self._fault is not None and self._fault.since <= begun_at else None
        if fault is not None:
            log.info("queue_goes_on", reason=fault.reason)
            self._fault = None
        if fault is not None or gone:
            self._tell()

    def _rest(self, hold: Hold | SessionHold | JobHold) -> _Rest:
        now = self._monotonic()
        return _Rest(hold.reason, now, now + hold.seconds)

    def note_arrivals(self, session_id: SessionId, fault: str | None) -> None:
        """Note why photos of a session cannot be taken in, or (None) that they can."""
        if self._arrivals.get(session_id) == fault:
            return
        if fault is None:
            del self._arrivals[session_id]
        else:
            self._arrivals[session_id] = fault
        self._tell()

    @contextmanager
    def inhibited(
        self, mode: InhibitMode, *, who: str, why: str, uid: int | None, pid: int | None
    ) -> Generator[Holder]:
        """Hold work back for as long as the context lasts."""
        self._last_holder += 1
        holder = Holder(self._last_holder, mode, who, why, uid, pid, self._now_usec())
        self._holders[holder.id] = holder
        log.info("work_inhibited", inhibitor=holder.id, mode=mode, who=who, why=why)
        self._tell("inhibitor.changed")
        try:
            yield holder
        finally:
            del self._holders[holder.id]
            log.info("inhibitor_released", inhibitor=holder.id, who=who)
            self._tell("inhibitor.changed")
            self.on_change()

    def _tell(self, kind: str = "queue.changed") -> None:
        self._publish(Happening(kind, self._now_usec()))
