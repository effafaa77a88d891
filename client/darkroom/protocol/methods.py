"""Every method of all interfaces: parameters, reply, number of replies, and the words of the contract."""

from __future__ import annotations

from typing import Final

from darkroom.errors import DARKROOM_INTERFACE, METRICS_INTERFACE, SERVICE_INTERFACE
from darkroom.protocol import calls, metrics, replies, service
from darkroom.protocol.interface import Method, More

DAEMON_METHODS: Final = (
    Method(
        calls.GetSummary,
        replies.SummaryReply,
        More.SUPPORTED,
        """\
What a status line shows. With 'more': again upon each change, at most every 'intervalUsec'
(default 500000) and at least every 20 seconds.""",
    ),
    Method(calls.GetHealth, replies.HealthReply),
    Method(
        calls.Reload,
        replies.ReloadReply,
        doc="Read the configuration again. Nothing is applied if it is not valid.",
    ),
    Method(
        calls.GetStatistics,
        replies.StatisticsReply,
        doc="groupBy: hour, day, month, preset, camera or session (default day)",
    ),
    Method(
        calls.ListLogLines,
        replies.LogLinesReply,
        More.SUPPORTED,
        """\
The log lines of one job, item or correlation ID, also after a restart. With 'more' and follow:
new lines as they are written.""",
    ),
    Method(
        calls.Watch,
        replies.WatchReply,
        More.REQUIRED,
        """\
Events, in order, until the client closes the connection. First, where a cursor is given, what
happened since (or one 'reset' if that is no longer known: list again); then 'ready'; from there
on events as they happen. A client that lists after 'ready' misses nothing. 'progress' is never
stored, is merged to the newest per job and sent at most every progressIntervalUsec (default
500000; 0: none). 'keepalive' comes after 20 seconds of silence. A client that does not keep up
gets ConsumerTooSlow with the cursor to go on from. Null filters: everything.""",
    ),
    Method(
        calls.Inhibit,
        replies.InhibitReply,
        More.REQUIRED,
        """\
Hold back work, for instance while the camera is read out. Lasts until the client closes the
connection or its sending half. The first reply comes once it is in force (mode all: the running
item has stopped) and is repeated every 20 seconds.""",
    ),
    Method(calls.ListInhibitors, replies.InhibitorsReply),
)
"""Methods of the section "daemon"."""

QUEUE_METHODS: Final = (
    Method(calls.GetQueue, replies.QueueReply),
    Method(
        calls.PauseQueue,
        replies.QueueReply,
        doc="Survives a restart. finishRunning (default true): the item being worked on is finished.",
    ),
    Method(calls.ResumeQueue, replies.QueueReply),
)
"""Methods of the section "queue"."""

JOB_METHODS: Final = (
    Method(
        calls.StartExport,
        replies.StartedReply,
        doc="""\
Develop a session, or some of its photos, now. Returns at once. Stops the background development of
these photos first; skips only what is developed and up to date (unless force), retries what failed.
recipes: names from the configuration; null: all. With dryRun no job is made and jobId is null.
created is false where idempotencyKey named an existing job.""",
    ),
    Method(
        calls.StartArchive,
        replies.StartedReply,
        doc="""\
Copy finished photos into year folders under destination (null: the configured archive).
contents: outputs, originals or both (default both). Discarded photos are left out.""",
    ),
    Method(
        calls.RescanSession,
        replies.RescanReply,
        doc="Look for photos without an up-to-date output and queue them at low priority.",
    ),
    Method(calls.GetJob, replies.JobReply),
    Method(
        calls.ListJobs,
        replies.JobsReply,
        More.SUPPORTED,
        "Newest first; with byPosition the waiting jobs in the order in which they will run.",
    ),
    Method(calls.ListItems, replies.ItemsReply, More.SUPPORTED),
    Method(calls.GetItem, replies.ItemReply),
    Method(
        calls.WaitJob,
        replies.JobReply,
        More.SUPPORTED,
        """\
Wait until the job has ended, or TimedOut. With 'more': the job upon each change too, and at least
every 20 seconds.""",
    ),
    Method(
        calls.CancelJobs,
        replies.JobIdsReply,
        doc="""\
Cancels the jobs with all their items; a running item is stopped. Ended jobs are left out of the
reply. Photos of a canceled export return to the background queue.""",
    ),
    Method(
        calls.RetryJobs,
        replies.RetryReply,
        doc="Queue the failed (with includeCanceled also the canceled) items of ended jobs again,"
        " in these jobs.",
    ),
    Method(calls.PauseJobs, replies.JobIdsReply),
    Method(calls.ResumeJobs, replies.JobIdsReply),
    Method(calls.SetPriority, replies.JobIdsReply),
    Method(
        calls.MoveJobs,
        replies.JobIdsReply,
        doc="""\
Put waiting jobs, in the given order, before another waiting job; null: to the end. They take on the
priority of their new neighbour.""",
    ),
    Method(
        calls.ClearJobs,
        replies.CountReply,
        doc="Forget ended jobs; statistics stay. Null states: completed and canceled.",
    ),
)
"""Methods of the section "jobs"."""

SESSION_METHODS: Final = (
    Method(
        calls.AddSession,
        replies.AddedSessionReply,
        doc="Watch a folder as a session. What is in it already is queued as a backfill job, whose id is"
        " returned.",
    ),
    Method(
        calls.RemoveSession,
        replies.EmptyReply,
        doc="Forgets the session; no file is touched. cancelJobs (default false): otherwise SessionBusy if"
        " jobs run.",
    ),
    Method(calls.ListSessions, replies.SessionsReply, More.SUPPORTED),
    Method(calls.GetSession, replies.SessionReply),
    Method(
        calls.SetSessionPreset,
        replies.SessionReply,
        doc="Applies to photos that arrive from now on, never to those already here. Null: the configured"
        " default.",
    ),
    Method(calls.AddRoot, replies.AddedRootReply),
    Method(calls.RemoveRoot, replies.EmptyReply),
    Method(calls.ListRoots, replies.RootsReply),
    Method(calls.ListPhotos, replies.PhotosReply, More.SUPPORTED),
    Method(calls.GetPhoto, replies.PhotoReply),
    Method(calls.SetDiscarded, replies.CountReply),
    Method(
        calls.SetCaptureTime,
        replies.CountReply,
        doc="Give one of atUsec (for all), offsetUsec (added to the camera's time), clear.",
    ),
    Method(
        calls.ApplyPreset,
        replies.CountReply,
        doc="Deliberately replace the frozen preset of these photos; they become outdated.",
    ),
    Method(calls.ListPresets, replies.PresetsReply),
    Method(
        calls.OpenOutput,
        replies.OpenedOutputReply,
        doc="""\
Opens an output for reading and passes the file descriptor (SCM_RIGHTS with the first byte of the
reply); fileDescriptor is its index in that message.""",
    ),
)
"""Methods of the section "sessions, photos, presets"."""

SERVICE_METHODS: Final = (
    Method(
        service.GetInfo,
        service.InfoReply,
        doc="Who made this service, which version it is, and which interfaces it has.",
    ),
    Method(
        service.GetInterfaceDescription,
        service.DescriptionReply,
        doc="One of these interfaces, in the language you are reading.",
    ),
)
"""Methods of `org.varlink.service`."""

METRICS_METHODS: Final = (
    Method(
        metrics.GetMetrics,
        metrics.MetricsReply,
        doc="""\
All figures as text, by the rules of OpenMetrics 1.0. Metrics and labels are only ever added; where
the daemon cannot find something out at this moment, it is left out.""",
    ),
)
"""Methods of `io.darkroomd.Metrics`."""

METHODS: Final[dict[str, Method]] = {
    method.name: method for method in (*DAEMON_METHODS, *QUEUE_METHODS, *JOB_METHODS, *SESSION_METHODS)
}
"""The methods of `io.darkroomd.Darkroom` by bare name."""

QUALIFIED_METHODS: Final[dict[str, Method]] = {
    **{f"{DARKROOM_INTERFACE}.{name}": method for name, method in METHODS.items()},
    **{f"{SERVICE_INTERFACE}.{method.name}": method for method in SERVICE_METHODS},
    **{f"{METRICS_INTERFACE}.{method.name}": method for method in METRICS_METHODS},
}
"""The methods of all interfaces by the name they are called with."""
