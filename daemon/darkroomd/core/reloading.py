"""Which keys of the configuration can change while the daemon runs, and what a new one changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

Values: TypeAlias = Mapping[str, object]
"""A configuration as plain values: tables are mappings, arrays are lists."""


@dataclass(frozen=True, slots=True)
class Live:
    """In force as soon as the configuration is read again; work that has begun is ended as it began."""


@dataclass(frozen=True, slots=True)
class AtStart:
    """In force once the daemon is started again; `why` goes on after a colon."""

    why: str


Effect: TypeAlias = Live | AtStart


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of reading the configuration again.

    Attributes:
        changed: keys whose value is another one, and in force now; dotted, sorted.
        warnings: a sentence for each key whose new value waits for the next start.
    """

    changed: tuple[str, ...]
    warnings: tuple[str, ...]


def _live(table: str, *keys: str) -> dict[str, Effect]:
    return {f"{table}.{key}": Live() for key in keys}


EFFECTS: Final[Mapping[str, Effect]] = {
    "roots": Live(),
    "sessions": Live(),
    "workers": Live(),
    "recipe": Live(),
    **_live("intake", "quiet_seconds", "patient_seconds", "scan_seconds", "poll_seconds", "extensions"),
    **_live("worker", "deadline_seconds", "idle_seconds", "photos", "memory_mb"),
    **_live("retry", "waits_seconds", "attempts", "environment_wait_seconds"),
    **_live("schedule", "allow"),
    **_live("history", "job_days", "items", "log_days", "log_lines"),
    **_live("history", "event_days", "events", "sample_days", "samples"),
    **_live("failures", "least_tried", "most_percent"),
    **_live("export", "running_background"),
    **_live("archive", "destination", "method", "contents"),
    **_live("presets", "folder", "default", "strict", "unreadable_sidecar"),
    **_live("daemon", "stop_seconds"),
    **_live("log", "level"),
    **_live("log.levels", "api", "archive", "daemon", "disks", "intake", "presets", "queue", "records"),
    **_live("log.levels", "worker"),
    **_live("backup", "keep", "every_hours", "folder"),
    **_live("metrics", "file"),
    **_live("socket", "group", "group_role", "allowed_roots"),
}
"""By dotted key; what a table or an array holds counts as one value where the table itself stands here."""

_UNKNOWN: Final = AtStart("nothing can take it over while it runs")


def keys_of(values: Values) -> tuple[str, ...]:
    """Return the dotted keys of a configuration, sorted."""
    return tuple(sorted(_flat(values)))


def effect_of(key: str) -> Effect:
    """Return when a change of a key takes effect."""
    return EFFECTS.get(key, _UNKNOWN)


def differences(before: Values, after: Values) -> tuple[str, ...]:
    """Return the dotted keys whose values differ, sorted."""
    was, is_now = _flat(before), _flat(after)
    absent = object()
    return tuple(key for key in sorted({*was, *is_now}) if was.get(key, absent) != is_now.get(key, absent))


def in_force(before: Values, after: Values) -> Values:
    """Return `before` with the values of `after` where they can change while the daemon runs."""
    return _merged(before, after, "")


def compare(before: Values, after: Values) -> Reloaded:
    """Return what comes of a configuration that is read in place of the one that is in force."""
    different = differences(before, after)
    return Reloaded(
        changed=tuple(key for key in different if isinstance(effect_of(key), Live)),
        warnings=tuple(
            _warning(key, effect) for key in different if isinstance(effect := effect_of(key), AtStart)
        ),
    )


def _warning(key: str, effect: AtStart) -> str:
    return f"{key} has changed, and takes effect when darkroomd is started again: {effect.why}."


def _flat(values: Values) -> dict[str, object]:
    return dict(_leaves(values, ""))


def _leaves(values: Values, table: str) -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        key = f"{table}{name}"
        if isinstance(value, Mapping) and key not in EFFECTS:
            yield from _leaves(cast("Values", value), f"{key}.")
        else:
            yield key, value


def _merged(before: Values, after: Values, table: str) -> dict[str, object]:
    merged = dict(before)
    for name in before.keys() & after.keys():
        key, was, new = f"{table}{name}", before[name], after[name]
        if isinstance(was, Mapping) and isinstance(new, Mapping) and key not in EFFECTS:
            merged[name] = _merged(cast("Values", was), cast("Values", new), f"{key}.")
        elif isinstance(effect_of(key), Live):
            merged[name] = new
    return merged
