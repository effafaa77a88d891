"""The configuration: layers of TOML, decoded into frozen structs that refuse unknown keys."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta

from darkroomd.core.faults import ConfigInvalid
from darkroomd.core.layers import merged
from darkroomd.core.recipes import RecipeInvalid, check_recipes
from darkroomd.core.schedule import WindowInvalid, parse_windows
from darkroomd.sections import (
    ArchiveSection,
    BackupSection,
    DaemonSection,
    ExportSection,
    FailuresSection,
    HistorySection,
    IntakeSection,
    LogSection,
    MetricsSection,
    OverlaySection,
    PresetsSection,
    RecipeSection,
    RetrySection,
    ScheduleSection,
    Section,
    SocketSection,
    WorkerSection,
)


class Config(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of the configuration.

    Attributes:
        roots, sessions: absolute paths.
        workers: photos that are in work at a time, each in a process of its own; at most the number of cores.
    """

    roots: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    workers: Annotated[int, Meta(ge=1)] = 1
    intake: IntakeSection = IntakeSection()
    worker: WorkerSection = WorkerSection()
    retry: RetrySection = RetrySection()
    recipe: tuple[RecipeSection, ...] = (RecipeSection(),)
    schedule: ScheduleSection = ScheduleSection()
    history: HistorySection = HistorySection()
    failures: FailuresSection = FailuresSection()
    export: ExportSection = ExportSection()
    archive: ArchiveSection = ArchiveSection()
    presets: PresetsSection = PresetsSection()
    daemon: DaemonSection = DaemonSection()
    socket: SocketSection = SocketSection()
    backup: BackupSection = BackupSection()
    log: LogSection = LogSection()
    metrics: MetricsSection = MetricsSection()


_AT: Final = re.compile(r"^(?P<problem>.*?)(?: - at `\$(?P<where>[^`]*)`)?$", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<field>.*)`")


@dataclass(frozen=True, slots=True)
class Layer:
    """One file of the configuration, or what stands for one.

    Attributes:
        source: the file's path, or what people know it by.
        text: as it was read.
        document: what it says; it is right by itself, as far as its keys and their types go.
    """

    source: str
    text: str
    document: Mapping[str, object]


def parse_layer(content: bytes, source: str) -> Layer:
    """Return what one file says; `source` is only named in errors.

    Raises:
        ConfigInvalid: it is no TOML, names an unknown key, or a value is not what it should be.
    """
    try:
        text = content.removeprefix(BOM_UTF8).decode()
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigInvalid(Path(source), f"this is not TOML ({error})") from error
    if isinstance(document.get("recipe"), dict):
        # [recipe] is short for one [[recipe]].
        document["recipe"] = [document["recipe"]]
    try:
        msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        raise _explained(Path(source), document, str(error)) from error
    return Layer(source, text, document)


def combine(layers: Sequence[Layer]) -> Config:
    """Return what several layers say together, the lowest first; what none of them says has its default.

    Raises:
        ConfigInvalid: what they say does not go together, or cannot be followed.
    """
    config = msgspec.convert(merged([layer.document for layer in layers]), Config)
    path = Path(layers[-1].source) if layers else Path()
    _check_workers(config, path)
    _check_paths(config, path)
    _check_recipes(config, path)
    try:
        parse_windows(config.schedule.allow)
    except WindowInvalid as error:
        raise ConfigInvalid(path, f"{error.text!r}: {error.problem}", key="schedule.allow") from error
    return config


def parse_config(content: bytes, source: str) -> Config:
    """Return what one file says, and defaults for the rest; `source` is only named in errors.

    Raises:
        ConfigInvalid: see `parse_layer` and `combine`.
    """
    return combine([parse_layer(content, source)])


def _check_workers(config: Config, path: Path) -> None:
    cores = os.cpu_count() or 1
    if config.workers > cores:
        problem = f"{config.workers} are more than this machine has cores; 1 to {cores} are right"
        raise ConfigInvalid(path, problem, key="workers")


def _check_paths(config: Config, path: Path) -> None:
    named = {
        "roots": config.roots,
        "sessions": config.sessions,
        "socket.allowed_roots": config.socket.allowed_roots,
        "presets.folder": (config.presets.folder,) if config.presets.folder else (),
        "archive.destination": (config.archive.destination,) if config.archive.destination else (),
        "backup.folder": (config.backup.folder,) if config.backup.folder else (),
        "metrics.file": (config.metrics.file,) if config.metrics.file else (),
    }
    for number, recipe in enumerate(config.recipe):
        named[f"recipe[{number}].overlay.file"] = () if recipe.overlay is None else (recipe.overlay.file,)
    for key, places in named.items():
        for place in places:
            if not Path(place).is_absolute():
                raise ConfigInvalid(path, f"{place!r} is not an absolute path", key=key)


def _check_recipes(config: Config, path: Path) -> None:
    try:
        check_recipes([section.as_recipe() for section in config.recipe])
    except RecipeInvalid as error:
        key = f"recipe[{error.number}].{error.key}" if error.key else "recipe"
        raise ConfigInvalid(path, error.problem, key=key) from error


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
    if re.fullmatch(r"recipe\[\d+\]\.overlay", table):
        return OverlaySection.__struct_fields__
    struct: Section = RecipeSection() if table.startswith("recipe[") else Config()
    return getattr(struct, table, struct).__struct_fields__ if table else struct.__struct_fields__


def _value_at(document: Mapping[str, Any], table: str) -> object:
    value: object = document
    for key in re.findall(r"[^.\[\]]+", table):
        if isinstance(value, dict):
            value = cast("dict[str, object]", value).get(key)
        elif isinstance(value, list):
            value = cast("list[object]", value)[int(key)]
    return value
