"""The interfaces of the daemon, laid out as their descriptions read."""

from __future__ import annotations

from typing import Final

from darkroom import errors
from darkroom.protocol import types
from darkroom.protocol.interface import Error, Interface, Section, Type
from darkroom.protocol.methods import (
    DAEMON_METHODS,
    JOB_METHODS,
    METRICS_METHODS,
    QUEUE_METHODS,
    SERVICE_METHODS,
    SESSION_METHODS,
)

_TYPES: Final = (
    Section(
        "sessions, photos, presets",
        (
            Type(types.File, "A file or folder. As input, give one of the two."),
            Type(types.Session),
            Type(types.Root, "A folder whose sub-folders are sessions."),
            Type(types.Output),
            Type(types.Photo),
            Type(types.Preset),
        ),
        columns=99,
    ),
    Section(
        "jobs and items",
        (
            Type(
                types.JobState,
                "paused: waits for ResumeJobs. canceling: its running item is being stopped.",
            ),
            Type(types.ItemState),
            Type(types.Priority),
            Type(types.Failure),
            Type(types.Progress),
            Type(types.Job),
            Type(types.Item),
            Type(
                types.JobFilter,
                "All given conditions must hold; within one list any may. Null: no condition.",
            ),
            Type(types.JobOptions),
        ),
        columns=99,
    ),
    Section(
        "queue",
        (
            Type(types.Queue),
            Type(
                types.InhibitMode,
                "start: no new item is started. all: the running item is stopped as well and done again"
                " later.",
            ),
            Type(types.Inhibitor),
            Type(types.Summary),
        ),
    ),
    Section(
        "events",
        (
            Type(types.Event, "'kind' tells which of the other fields are set."),
            Type(types.LogLine),
            Type(types.Check),
            Type(types.Statistic),
        ),
    ),
)

_ERRORS: Final = Section(
    "errors",
    (
        (
            Error(errors.NoSuchSession),
            Error(errors.NoSuchRoot),
            Error(errors.NoSuchPhoto),
            Error(errors.NoSuchPreset),
            Error(errors.NoSuchJob),
            Error(errors.NoSuchItem),
            Error(errors.NoSuchOutput),
        ),
        Error(
            errors.InvalidJobState,
            "Not possible in the state the job is in; nothing was changed for any of the jobs.",
            {"state": types.JobState},
        ),
        Error(errors.SessionBusy),
        Error(
            errors.PathNotAllowed,
            "The path does not exist, is not a folder, or lies outside of what the configuration allows.",
        ),
        Error(errors.InvalidConfiguration),
        Error(errors.InvalidCursor, "The cursor is not (or no longer) valid: start over without one."),
        Error(errors.ConsumerTooSlow),
        Error(errors.TimedOut),
        Error(errors.LimitReached, "Too many connections, streams or inhibitors."),
        Error(errors.Stopping, "The daemon is going down; a supervisor will start it again."),
        Error(errors.Internal),
    ),
)

DARKROOM: Final = Interface(
    name=errors.DARKROOM_INTERFACE,
    doc="""\
darkroomd: develops camera RAW photos in the background.

Conventions
- Points in time end in AtUsec: microseconds since the Unix epoch, UTC. Durations end in Usec:
  microseconds. There is no floating-point number in this interface.
- Lists are pages: at most 'limit' entries (default 100, maximum 1000) and 'nextCursor' unless
  this was the last one. Called with 'more', a list method sends the following pages by itself.
  An empty list is an empty page, never an error.
- A string marked "open set" may take new values at any time; readers ignore those they don't know.
- Photos, items and jobs are named by id. Where a file name is not valid UTF-8, 'path' holds a
  readable approximation and 'uri' the exact name (file URI, RFC 8089). Inputs take either.
- A method that changes something has made the change durable before it replies.
- Fields and methods are only ever added. A breaking change is a new interface beside this one.""",
    sections=(
        *_TYPES,
        Section("daemon", DAEMON_METHODS),
        Section("queue", QUEUE_METHODS),
        Section("jobs", JOB_METHODS),
        Section("sessions, photos, presets", SESSION_METHODS),
        _ERRORS,
    ),
)
"""`io.darkroomd.Darkroom`."""

SERVICE: Final = Interface(
    name=errors.SERVICE_INTERFACE,
    doc="How a service tells what it is and what it can do.",
    sections=(
        Section(
            "",
            (
                *SERVICE_METHODS,
                Error(errors.InterfaceNotFound, "The service does not have this interface."),
                Error(errors.MethodNotFound, "The interface does not have this method."),
                Error(
                    errors.MethodNotImplemented,
                    "The interface has this method, but this version of the service cannot do it.",
                ),
                Error(
                    errors.InvalidParameter,
                    "This parameter is missing, unknown, out of range or of the wrong type.",
                ),
                Error(errors.PermissionDenied, "The caller may not do this."),
                Error(errors.ExpectedMore, "This method sends several replies: call it with 'more'."),
                Error(
                    errors.ExpectedUpgrade, "This method takes the connection over: call it with 'upgrade'."
                ),
            ),
        ),
    ),
)
"""`org.varlink.service`."""

METRICS: Final = Interface(
    name=errors.METRICS_INTERFACE,
    doc="Figures of a darkroomd daemon, for monitoring.",
    sections=(Section("", METRICS_METHODS),),
)
"""`io.darkroomd.Metrics`."""

INTERFACES: Final[dict[str, Interface]] = {
    interface.name: interface for interface in (SERVICE, DARKROOM, METRICS)
}
"""All interfaces by name."""
