"""The configuration: one TOML file, decoded in one step into frozen structs that refuse unknown keys.

Every default stands here and nowhere else.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from darkroomd.core.faults import ConfigInvalid, ConfigUnreadable
from darkroomd.core.presets import DEFAULT_PRESET_ID
from darkroomd.core.schedule import WindowInvalid, parse_windows

Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Days = Annotated[float, Meta(ge=0, le=36_500)]
Rows = Annotated[int, Meta(ge=0, le=100_000_000)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration."""


class IntakeSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How photos are found and when they are complete.

    Attributes:
        quiet_seconds: a file that nobody has open for writing must have been left alone that long.
        patient_seconds: the same where the system cannot tell whether somebody has it open.
        scan_seconds: between two full looks at each folder; events only make it faster.
        poll_seconds: the same for file systems that send no events.
        extensions: of RAW files, without the dot; empty means all that LibRaw knows.
    """

    quiet_seconds: Seconds = 0.5
    patient_seconds: Seconds = 10.0
    scan_seconds: Annotated[float, Meta(ge=1, le=3600)] = 45.0
    poll_seconds: Annotated[float, Meta(ge=0.5, le=3600)] = 2.0
    extensions: tuple[str, ...] = ()


class WorkerSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The process that develops.

    Attributes:
        deadline_seconds: a photo that takes longer is stopped and counts as a failed attempt.
        idle_seconds: a worker without work is ended after that long.
        photos: a worker is replaced after that many.
        memory_mb: bound on the worker's address space; 0: none.
    """

    deadline_seconds: Annotated[float, Meta(ge=1, le=86_400)] = 300.0
    idle_seconds: Seconds = 30.0
    photos: Count = 500
    memory_mb: Annotated[int, Meta(ge=0, le=1 << 20)] = 0


class RetrySection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens when a photo could not be developed.

    Attributes:
        waits_seconds: before the second, third … attempt.
        attempts: bound on them.
        environment_wait_seconds: before a full disk and its like is tried again.
    """

    waits_seconds: Annotated[tuple[Seconds, ...], Meta(min_length=1)] = (2.0, 10.0, 60.0)
    attempts: Count = 3
    environment_wait_seconds: Seconds = 5.0


class RecipeSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the JPEG is written.

    Attributes:
        quality: 1 to 95, as Pillow counts.
    """

    quality: Annotated[int, Meta(ge=1, le=95)] = 92


class DaemonSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The daemon itself.

    Attributes:
        stop_seconds: how long a photo that is being developed may take to its end when the daemon is stopped.
    """

    stop_seconds: Annotated[float, Meta(ge=0, le=60)] = 7.0


class SocketSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may call at the socket, beside the daemon's own user and root.

    Attributes:
        group: name or number of a group whose members may; empty: none.
        group_role: "reader": they may look at everything; "operator": they may change it as well, but for the
            configuration.
        allowed_roots: absolute folders in which they may name paths; none: they may name none.
    """

    group: str = ""
    group_role: Literal["reader", "operator"] = "reader"
    allowed_roots: tuple[str, ...] = ()


class ScheduleSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When work may run; what a person asked for runs at any time.

    Attributes:
        allow: windows by the local clock such as "22:00-07:00"; none: always.
    """

    allow: tuple[str, ...] = ()


class HistorySection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long, and how much, is kept of what is over; whichever bound is reached first.

    Attributes:
        job_days: ended jobs with their items.
        items: items of all jobs; too many, and the jobs that ended first are dropped.
        log_days: log lines of photos.
        log_lines: newest of them.
        event_days: events that a watcher can still ask for.
        events: newest of them.
        sample_days: figures of developed photos, which statistics are made from.
        samples: newest of them.
    """

    job_days: Days = 90.0
    items: Rows = 500_000
    log_days: Days = 90.0
    log_lines: Rows = 100_000
    event_days: Days = 30.0
    events: Annotated[int, Meta(ge=0, le=20_000)] = 20_000
    sample_days: Days = 1100.0
    samples: Rows = 1_000_000


class PresetsSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Presets, and what becomes of photos whose sidecar asks for more than can be done.

    Attributes:
        folder: of the preset files, absolute; empty: `presets` beside the configuration.
        default: id of the preset in force where a session has none.
        strict: a photo with adjustments that are not honoured fails.
        unreadable_sidecar: what becomes of a photo whose sidecar cannot be read: "develop" keeps the sidecar
            aside and develops with the preset in force, "fail" leaves it where it is and fails the photo.
    """

    folder: str = ""
    default: Annotated[str, Meta(min_length=1)] = DEFAULT_PRESET_ID
    strict: bool = False
    unreadable_sidecar: Literal["develop", "fail"] = "develop"


class FailuresSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a job has failed so often that the rest of it is not tried.

    Attributes:
        least_tried: photos that must have been tried before.
        most_percent: share of them that may fail; 100: all.
    """

    least_tried: Count = 20
    most_percent: Annotated[int, Meta(ge=0, le=100)] = 50


class Config(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of the configuration; `roots` and `sessions` are absolute paths."""

    roots: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    intake: IntakeSection = IntakeSection()
    worker: WorkerSection = WorkerSection()
    retry: RetrySection = RetrySection()
    recipe: RecipeSection = RecipeSection()
    schedule: ScheduleSection = ScheduleSection()
    history: HistorySection = HistorySection()
    failures: FailuresSection = FailuresSection()
    presets: PresetsSection = PresetsSection()
    daemon: DaemonSection = DaemonSection()
    socket: SocketSection = SocketSection()


_AT: Final = re.compile(r"^(?P<problem>.*?)(?: - at `\$(?P<where>[^`]*)`)?$", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<field>.*)`")


def load_config(path: Path, *, required: bool) -> Config:
    """Read the configuration at `path`; a missing file is the default unless `required`.

    Raises:
        ConfigUnreadable: it cannot be read.
        ConfigInvalid: it is no TOML, names an unknown key, or a value is not what it should be.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        if not required:
            return Config()
        raise ConfigUnreadable(path, "the file does not exist") from error
    except OSError as error:
        raise ConfigUnreadable(path, os.strerror(error.errno or 0)) from error
    return parse_config(text, path)


def parse_config(text: bytes, path: Path) -> Config:
    """Decode the configuration; `path` is only named in errors.

    Raises:
        ConfigInvalid: see `load_config`.
    """
    try:
        document: dict[str, Any] = msgspec.toml.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise ConfigInvalid(path, f"this is not TOML ({error})") from error
    try:
        config = msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        raise _explained(path, document, str(error)) from error
    for key in ("roots", "sessions"):
        for folder in getattr(config, key):
            if not Path(folder).is_absolute():
                raise ConfigInvalid(path, f"{folder!r} is not an absolute path", key=key)
    for folder in config.socket.allowed_roots:
        if not Path(folder).is_absolute():
            raise ConfigInvalid(path, f"{folder!r} is not an absolute path", key="socket.allowed_roots")
    if config.presets.folder and not Path(config.presets.folder).is_absolute():
        raise ConfigInvalid(path, f"{config.presets.folder!r} is not an absolute path", key="presets.folder")
    try:
        parse_windows(config.schedule.allow)
    except WindowInvalid as error:
        raise ConfigInvalid(path, f"{error.text!r}: {error.problem}", key="schedule.allow") from error
    return config


def _explained(path: Path, document: dict[str, Any], message: str) -> ConfigInvalid:
    found = _AT.match(message)
    problem, where = (found["problem"], found["where"] or "") if found else (message, "")
    table = where.strip(".")
    unknown = _UNKNOWN.match(problem)
    if unknown is None:
        value = _value_at(document, table)
        return ConfigInvalid(path, f"the value {value!r} is not right: {problem}", key=table or None)
    field = unknown["field"]
    key = f"{table}.{field}" if table else field
    names = _names_in(table)
    close = difflib.get_close_matches(field, names, n=1)
    hint = f"did you mean {close[0]}?" if close else "known here are " + ", ".join(sorted(names))
    return ConfigInvalid(path, f"there is no such key; {hint.rstrip('?')}", key=key)


def _names_in(table: str) -> tuple[str, ...]:
    struct: Section = getattr(Config(), table) if table else Config()
    return struct.__struct_fields__


def _value_at(document: Mapping[str, Any], table: str) -> object:
    section, _, key = table.partition(".")
    value: Any = document.get(section)
    return value[key.split("[")[0]] if key else value
