"""The configuration: layers of TOML, decoded into frozen structs that refuse unknown keys."""

from __future__ import annotations

import os
import tomllib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Annotated, Final, Never, TypeAlias

import msgspec
from msgspec import Meta

from darkroomd.core.faults import ConfigInvalid
from darkroomd.core.flaws import Flaw, Misfit
from darkroomd.core.layers import Document, KeyPath, holds, merged, without
from darkroomd.core.recipes import RecipeInvalid, recipe_flaws
from darkroomd.core.schedule import WindowInvalid, parse_windows
from darkroomd.core.toml_faults import crowded_line, explained
from darkroomd.core.toml_lines import lines_of
from darkroomd.core.toml_text import dotted, shown
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


MOST_FLAWS: Final = 1000
"""Things that are wrong with a file, beyond which nobody wants to know more."""

_lines_of: Final = lru_cache(maxsize=2)(lines_of)

METRICS_SUFFIX: Final = ".prom"
"""Of files that collectors read figures from."""

BUILT_IN: Final = "built-in defaults"
"""What people know the lowest layer by."""


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
    document: Document

    def line_of(self, path: KeyPath) -> int | None:
        """Return the line on which the text has a key, or the innermost table that would have it."""
        lines = _lines_of(self.text)
        for length in range(len(path), 0, -1):
            inner = path[:length]
            # The document has [recipe] as an array of one, and the text has not.
            for candidate in (inner, tuple(part for part in inner if isinstance(part, str))):
                if candidate in lines:
                    return lines[candidate]
        return None


OnFlaws: TypeAlias = Callable[[Sequence[Flaw]], object]
"""Is told what is wrong, at least one flaw. If it returns, what is right of the rest is gone on with."""


def refuse(flaws: Sequence[Flaw]) -> Never:
    """Raise `ConfigInvalid`: nothing is right unless all is."""
    raise ConfigInvalid(flaws)


def parse_layer(content: bytes, source: str, *, on_flaws: OnFlaws = refuse) -> Layer:
    """Return what one file says; `source` is only named in errors.

    `on_flaws` is told if it is no TOML, names unknown keys, or values are not what they should be.

    Raises:
        ConfigInvalid: what `refuse` makes of that.
    """
    crowded = crowded_line(content)
    if crowded is not None:
        flaw = Flaw(source=source, line=crowded, key="", problem="too many dots", remedy="Break the line.")
        on_flaws([flaw])
        return Layer(source, "", {})
    try:
        text = content.removeprefix(BOM_UTF8).decode()
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        line, problem, remedy = explained(content, error)
        flaw = Flaw(source=source, line=line, key="", problem=problem, remedy=remedy)
        on_flaws([flaw])
        return Layer(source, "", {})
    if isinstance(document.get("recipe"), dict):
        # [recipe] is short for one [[recipe]].
        document["recipe"] = [document["recipe"]]
    layer = Layer(source, text, document)
    try:
        msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        from darkroomd.core.misfits import misfits  # noqa: PLC0415 - only once something is wrong

        found = list(islice(misfits(document, Config), MOST_FLAWS)) or [
            Misfit((), str(error), "Correct the value.")
        ]
        on_flaws([flaw_of(misfit, [layer]) for misfit in found])
        return replace(layer, document=without(document, (misfit.path for misfit in found)))
    return layer


def parse_setting(text: str, *, on_flaws: OnFlaws = refuse) -> Layer:
    """Return what one setting of the command line says, a line of TOML such as `worker.photos = 100`.

    Raises:
        ConfigInvalid: see `parse_layer`.
    """

    def on_lines(flaws: Sequence[Flaw]) -> None:
        on_flaws([replace(flaw, line=None) for flaw in flaws])

    layer = parse_layer(os.fsencode(text), f"--set {text}", on_flaws=on_lines)
    # There are no lines to speak of.
    return replace(layer, text="")


def combine(layers: Sequence[Layer], *, cores: int | None = None, on_flaws: OnFlaws = refuse) -> Config:
    """Return what several layers say together, the lowest first; what none of them says has its default.

    Args:
        layers: as `parse_layer` returns them.
        cores: of the machine; None: of this one.
        on_flaws: is told what does not go together, or cannot be followed.

    Raises:
        ConfigInvalid: what `refuse` makes of that.
    """
    document = merged([layer.document for layer in layers])
    config = msgspec.convert(document, Config)
    found = list(islice(_cross_check(config, cores=cores or os.cpu_count() or 1), MOST_FLAWS))
    if found:
        on_flaws([flaw_of(misfit, layers) for misfit in found])
        return msgspec.convert(without(document, (misfit.path for misfit in found)), Config)
    return config


def parse_config(content: bytes, source: str) -> Config:
    """Return what one file says, and defaults for the rest; `source` is only named in errors.

    Raises:
        ConfigInvalid: see `parse_layer` and `combine`.
    """
    return combine([parse_layer(content, source)])


def flaw_of(misfit: Misfit, layers: Sequence[Layer]) -> Flaw:
    """Return a misfit as a flaw of the layer that counts."""
    source, line = where(misfit.path, layers)
    return Flaw(
        source=source, line=line, key=dotted(misfit.path), problem=misfit.problem, remedy=misfit.remedy
    )


def where(path: KeyPath, layers: Sequence[Layer]) -> tuple[str, int | None]:
    """Return source and line of what counts at a place: the highest layer that says something there."""
    for length in range(len(path), 0, -1):
        for layer in reversed(layers):
            if holds(layer.document, path[:length]):
                return layer.source, layer.line_of(path)
    return layers[-1].source if layers else BUILT_IN, None


def _cross_check(config: Config, *, cores: int) -> Iterator[Misfit]:
    """Yield what cannot be followed although each value is of its type."""
    if config.workers > cores:
        problem = f"{shown(config.workers)} are more than this machine has cores"
        yield Misfit(("workers",), problem, f"Set it to a number from 1 to {cores}.")
    for path, place in _paths(config):
        if "\0" in place:
            yield Misfit(path, f"{shown(place)} is not a path", "Take the NUL out of it.")
        elif not Path(place).is_absolute():
            yield Misfit(path, f"{shown(place)} is not an absolute path", "Write all of it, from the / on.")
    if config.metrics.file and Path(config.metrics.file).suffix != METRICS_SUFFIX:
        # Whatever else stands there is replaced, and removed at the end: it must not be somebody's photo.
        problem = f"{shown(config.metrics.file)} does not end in {METRICS_SUFFIX}"
        yield Misfit(
            ("metrics", "file"), problem, "Give it a name that does: collectors read no other files."
        )
    for flaw in recipe_flaws([section.as_recipe() for section in config.recipe]):
        yield _recipe_misfit(flaw, config)
    for number, window in enumerate(config.schedule.allow):
        try:
            parse_windows((window,))
        except WindowInvalid as error:
            path = ("schedule", "allow", number)
            yield Misfit(path, f"{shown(window)} is not right", _sentence(error.problem))


def _paths(config: Config) -> Iterator[tuple[KeyPath, str]]:
    """Yield what must be absolute, and where it stands."""
    several: dict[KeyPath, tuple[str, ...]] = {
        ("roots",): config.roots,
        ("sessions",): config.sessions,
        ("socket", "allowed_roots"): config.socket.allowed_roots,
    }
    for path, places in several.items():
        yield from (((*path, number), place) for number, place in enumerate(places))
    if config.presets.folder:
        yield ("presets", "folder"), config.presets.folder
    if config.archive.destination:
        yield ("archive", "destination"), config.archive.destination
    if config.metrics.file:
        yield ("metrics", "file"), config.metrics.file
    if config.backup.folder:
        yield ("backup", "folder"), config.backup.folder
    for number, recipe in enumerate(config.recipe):
        if recipe.overlay is not None:
            yield ("recipe", number, "overlay", "file"), recipe.overlay.file


def _recipe_misfit(flaw: RecipeInvalid, config: Config) -> Misfit:
    if not flaw.key:
        return Misfit(("recipe",), "the number of recipes is not right", _sentence(flaw.problem))
    path = ("recipe", flaw.number, flaw.key)
    if flaw.key not in RecipeSection.__struct_fields__:
        return Misfit(path[:2], f"its {flaw.key} is not right", _sentence(flaw.problem))
    value = getattr(config.recipe[flaw.number], flaw.key)
    return Misfit(path, f"{shown(value)} is not right", _sentence(flaw.problem))


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."
