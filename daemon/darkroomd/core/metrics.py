"""What is measured: the table that the figures, and their page in the documentation, are printed from."""

from __future__ import annotations

from typing import Final

from darkroomd.core.openmetrics import Family, Kind

_STAGE_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
_WAIT_BUCKETS: Final = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0)

BUILD: Final = Family(
    name="darkroomd_build_info",
    kind=Kind.GAUGE,
    help="Always 1; the labels tell the version of the daemon, and of what develops.",
    labels=("version", "pipeline"),
)
STARTED: Final = Family(
    name="darkroomd_start_time_seconds",
    kind=Kind.GAUGE,
    help="When the daemon was started, in seconds since 1970.",
    unit="seconds",
)
QUEUE: Final = Family(
    name="darkroomd_queue_items",
    kind=Kind.GAUGE,
    help="Items of jobs that have not ended: queued or running, by priority.",
    labels=("state", "priority"),
)
WAITING: Final = Family(
    name="darkroomd_queue_waiting",
    kind=Kind.GAUGE,
    help="1 for each reason why nothing, or not everything, is started at this moment.",
    labels=("reason",),
)
SESSIONS: Final = Family(name="darkroomd_sessions", kind=Kind.GAUGE, help="Sessions that are known.")
PHOTOS: Final = Family(
    name="darkroomd_photos",
    kind=Kind.GAUGE,
    help=(
        "Photos of all sessions: developed, pending, failed, canceled, outdated by a newer pipeline alone, "
        "discarded (which are also counted as what they are besides)."
    ),
    labels=("state",),
)
DEVELOPED: Final = Family(
    name="darkroomd_photos_developed",
    kind=Kind.COUNTER,
    help="Photos of which all outputs were made, by kind of job: develop, backfill or export.",
    labels=("kind",),
)
FAILURES: Final = Family(
    name="darkroomd_failures",
    kind=Kind.COUNTER,
    help="Attempts that failed, also those that are repeated, by the code of the failure.",
    labels=("code",),
)
ARRIVAL: Final = Family(
    name="darkroomd_arrival_to_output_seconds",
    kind=Kind.HISTOGRAM,
    help="From the moment a file was first seen to its outputs in place; photos that arrived while it ran.",
    unit="seconds",
    buckets=_WAIT_BUCKETS,
)
DEVELOPMENT: Final = Family(
    name="darkroomd_development_seconds",
    kind=Kind.HISTOGRAM,
    help="Work on one photo, from its start to its outputs in place.",
    unit="seconds",
    buckets=_STAGE_BUCKETS,
)
STAGES: Final = Family(
    name="darkroomd_development_stage_seconds",
    kind=Kind.HISTOGRAM,
    help="Stages of that work in the worker process.",
    unit="seconds",
    labels=("stage",),
    buckets=_STAGE_BUCKETS,
)
READ: Final = Family(
    name="darkroomd_read_bytes",
    kind=Kind.COUNTER,
    help="Sizes of RAW files that were developed.",
    unit="bytes",
)
WRITTEN: Final = Family(
    name="darkroomd_written_bytes", kind=Kind.COUNTER, help="Sizes of outputs that were made.", unit="bytes"
)
ARCHIVED: Final = Family(
    name="darkroomd_archived_files", kind=Kind.COUNTER, help="Files that were copied into archives."
)
ARCHIVED_BYTES: Final = Family(
    name="darkroomd_archived_bytes", kind=Kind.COUNTER, help="Sizes of those files.", unit="bytes"
)
WORKERS: Final = Family(
    name="darkroomd_workers", kind=Kind.GAUGE, help="Worker processes that are there at this moment."
)
WORKER_STARTS: Final = Family(
    name="darkroomd_worker_starts",
    kind=Kind.COUNTER,
    help="Worker processes that were started, and were ready for work, or failed to get so far.",
    labels=("outcome",),
)
WORKER_ENDS: Final = Family(
    name="darkroomd_worker_ends",
    kind=Kind.COUNTER,
    help=(
        "Worker processes that ended: idle, spent (after many photos or with much memory), outdated (by a "
        "new configuration), stopping, or killed (past the deadline, its photo was canceled, or it had died)."
    ),
    labels=("why",),
)
CONNECTIONS: Final = Family(
    name="darkroomd_connections", kind=Kind.COUNTER, help="Connections that were accepted."
)
OPEN_CONNECTIONS: Final = Family(
    name="darkroomd_open_connections", kind=Kind.GAUGE, help="Connections that are open at this moment."
)
OPEN_STREAMS: Final = Family(
    name="darkroomd_open_streams",
    kind=Kind.GAUGE,
    help="Calls with several replies that are being answered at this moment, such as Watch.",
)
CALLS: Final = Family(
    name="darkroomd_calls",
    kind=Kind.COUNTER,
    help="Calls that were answered, by method and error; the error is empty where there was none.",
    labels=("method", "error"),
)
MEMORY: Final = Family(
    name="darkroomd_resident_memory_bytes",
    kind=Kind.GAUGE,
    help="Memory that is held by the daemon, and by its worker processes together.",
    unit="bytes",
    labels=("process",),
)
CPU: Final = Family(
    name="darkroomd_cpu_seconds",
    kind=Kind.COUNTER,
    help="Time of processors that the daemon took, and its worker processes together, also those that ended.",
    unit="seconds",
    labels=("process",),
)
OPEN_FILES: Final = Family(
    name="darkroomd_open_files", kind=Kind.GAUGE, help="File descriptors that the daemon holds open."
)
STATE_FREE: Final = Family(
    name="darkroomd_state_free_bytes",
    kind=Kind.GAUGE,
    help="Space on the disk of the state folder that the daemon may use.",
    unit="bytes",
)
STATE_SIZE: Final = Family(
    name="darkroomd_state_disk_bytes",
    kind=Kind.GAUGE,
    help="Size of the disk of the state folder.",
    unit="bytes",
)
DATABASE: Final = Family(
    name="darkroomd_database_bytes",
    kind=Kind.GAUGE,
    help="Size of the queue database, and of its write-ahead log.",
    unit="bytes",
    labels=("part",),
)
JOURNAL: Final = Family(
    name="darkroomd_journal_events",
    kind=Kind.GAUGE,
    help="Events that a watcher can still ask for, up to some that were dropped.",
)
BACKUP: Final = Family(
    name="darkroomd_backup_timestamp_seconds",
    kind=Kind.GAUGE,
    help="When the newest backup of the queue database was made, in seconds since 1970; missing: never.",
    unit="seconds",
)
LOG_LINES: Final = Family(
    name="darkroomd_log_lines",
    kind=Kind.COUNTER,
    help="Log lines of the daemon's own process that were written, by level.",
    labels=("level",),
)
LOST_LINES: Final = Family(
    name="darkroomd_log_lines_lost",
    kind=Kind.COUNTER,
    help="Log lines that could not be written, as nobody read them or a disk was full.",
)

METRICS: Final = (
    BUILD, STARTED, QUEUE, WAITING, SESSIONS, PHOTOS, DEVELOPED, FAILURES, ARRIVAL, DEVELOPMENT, STAGES, READ,
    WRITTEN, ARCHIVED, ARCHIVED_BYTES, WORKERS, WORKER_STARTS, WORKER_ENDS, CONNECTIONS, OPEN_CONNECTIONS,
    OPEN_STREAMS, CALLS, MEMORY, CPU, OPEN_FILES, STATE_FREE, STATE_SIZE, DATABASE, JOURNAL, BACKUP,
    LOG_LINES, LOST_LINES,
)  # fmt: skip
"""All that is measured, in the order in which it is told."""
