"""What the daemon was started with: configuration and command line, checked before anything happens."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Never

import anyio
import msgspec

from darkroom.errors import DarkroomError
from darkroomd.api.listener import check_socket_path
from darkroomd.config import Config, Layer, OnFlaws, combine, parse_setting, refuse, where
from darkroomd.config_files import read_layer
from darkroomd.core.access import AccessPolicy, Role
from darkroomd.core.faults import (
    DefaultPresetUnknown,
    OverlayUnusable,
    PresetsUnreadable,
    SocketGroupUnknown,
)
from darkroomd.core.flaws import Place
from darkroomd.core.intake import RAW_EXTENSIONS
from darkroomd.core.layers import KeyPath
from darkroomd.core.presets import BUILTIN_PRESETS, Preset
from darkroomd.core.recipes import LARGEST_OVERLAY_BYTES, PNG_SIGNATURE, Recipe
from darkroomd.core.stability import Patience
from darkroomd.core.toml_text import dotted
from darkroomd.core.worker_policy import RetirePolicy, threads_each
from darkroomd.files.folders import check_root, check_session
from darkroomd.files.reading import NotRead, read_regular
from darkroomd.logs import Levels, LogFormat
from darkroomd.sections import RecipeSection
from darkroomd.services.disks import Disks
from darkroomd.services.executor import ExecutorOptions
from darkroomd.services.presets import read_library
from darkroomd.services.surroundings import IntakeOptions
from darkroomd.services.worker_process import WorkerSettings
from darkroomd.system.groups import GroupUnknown, gid_of
from darkroomd.system.paths import Places

DATABASE_NAME: Final = "queue.db"
"""Name of the queue database in the state folder."""

COMMAND_LINE: Final = "the command line"
"""What people know the highest layer by."""

CHECK_SECONDS: Final = 2.0
"""How long a disk may take to answer before a folder on it is taken on trust."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What settings are gathered from. The environment was asked once: it does not change while we run.

    Attributes:
        places: files and folders as the environment and the command line have them.
        config: the file of `--config`, which must be there; None: that of `places`, which need not.
        with_system: whether the configuration of the machine is read before it.
        roots, sessions: folders of the command line, beside those of the files; absolute.
        overrides: lines of TOML from the command line, which count over all files.
        log_format: of the command line.
        log_levels: of the command line, in order: component (empty: all) and level.
    """

    places: Places
    config: Path | None = None
    with_system: bool = True
    roots: tuple[Path, ...] = ()
    sessions: tuple[Path, ...] = ()
    overrides: tuple[str, ...] = ()
    log_format: LogFormat = LogFormat.JSON
    log_levels: tuple[tuple[str, str], ...] = ()

    @property
    def user_config(self) -> Path | None:
        """The file above that of the machine; None where no place for it is known."""
        return self.config or self.places.config


def _raise(error: OverlayUnusable) -> Never:
    raise error


@dataclass(frozen=True, slots=True)
class Settings:
    """What the daemon was started with. All paths are absolute; `layers` were read, the lowest first."""

    config: Config
    roots: tuple[Path, ...]
    sessions: tuple[Path, ...]
    presets: Path | None
    socket: Path
    state: Path
    log_format: LogFormat
    sources: Sources
    layers: tuple[Layer, ...] = ()
    recipes: tuple[Recipe, ...] = (Recipe(),)

    @classmethod
    def gather(
        cls,
        sources: Sources,
        *,
        on_flaws: OnFlaws = refuse,
        on_overlay: Callable[[OverlayUnusable], object] = _raise,
    ) -> Settings:
        """Read the layers of the configuration and add what the command line says.

        `on_flaws` is told as by `parse_layer` and `combine`, and `on_overlay` of a picture that a recipe lays
        over its outputs and that cannot be read; where they return, what is right is gathered.

        Raises:
            ConfigInvalid: what `refuse` makes of flaws.
            ConfigUnreadable: see `read_layer`.
            OverlayUnusable: what is made of such a picture unless `on_overlay` is given.
        """
        layers = _read_layers(sources, on_flaws)
        config = combine(layers, on_flaws=on_flaws)
        return cls(
            config=config,
            roots=(*map(Path, config.roots), *sources.roots),
            sessions=(*map(Path, config.sessions), *sources.sessions),
            presets=_presets_folder(config, sources.user_config),
            socket=sources.places.socket,
            state=sources.places.state,
            log_format=sources.log_format,
            sources=sources,
            layers=layers,
            recipes=_recipes(config, layers, on_overlay),
        )

    @property
    def levels(self) -> Levels:
        """Which log lines are written."""
        section = self.config.log
        named = msgspec.structs.asdict(section.levels)
        configured = Levels(
            section.level, {part: level for part, level in named.items() if level is not None}
        )
        return configured.ordered(self.sources.log_levels)

    def again(self) -> Settings:
        """Read the same layers once more, as their files are now; raises what `gather` raises."""
        return Settings.gather(self.sources)


def _read_layers(sources: Sources, on_flaws: OnFlaws) -> tuple[Layer, ...]:
    system, user = sources.places.system_config, sources.user_config
    layers: list[Layer | None] = []
    # The service of the system has one file: that of the machine is its own.
    if sources.with_system and (user is None or os.path.realpath(system) != os.path.realpath(user)):
        layers.append(read_layer(system, required=False, on_flaws=on_flaws))
    if user is not None:
        layers.append(read_layer(user, required=sources.config is not None, on_flaws=on_flaws))
    layers += (parse_setting(text, on_flaws=on_flaws) for text in sources.overrides)
    return tuple(layer for layer in layers if layer is not None)


def _recipes(
    config: Config, layers: Sequence[Layer], on_overlay: Callable[[OverlayUnusable], object]
) -> tuple[Recipe, ...]:
    recipes: list[Recipe] = []
    for number, section in enumerate(config.recipe):
        try:
            recipes.append(_recipe(section))
        except OverlayUnusable as error:
            _placed(error, ("recipe", number, "overlay", "file"), layers)
            on_overlay(error)
    return tuple(recipes)


def _recipe(section: RecipeSection) -> Recipe:
    if section.overlay is None:
        return section.as_recipe()
    path = Path(section.overlay.file)
    try:
        content = read_regular(Path(os.path.realpath(path)), largest_bytes=LARGEST_OVERLAY_BYTES)
    except OSError as error:
        raise OverlayUnusable(str(path), os.strerror(error.errno or 0)) from error
    if content is None:
        raise OverlayUnusable(str(path), "it is not there")
    if isinstance(content, NotRead):
        raise OverlayUnusable(str(path), content.reason)
    # The rest shows in the worker: the daemon opens no pictures.
    if not content.startswith(PNG_SIGNATURE):
        raise OverlayUnusable(str(path), "it is no PNG file")
    return section.as_recipe(overlay_digest=hashlib.sha256(content).hexdigest())


def _presets_folder(config: Config, path: Path | None) -> Path | None:
    if config.presets.folder:
        return Path(config.presets.folder)
    return None if path is None else path.parent / "presets"


def check(settings: Settings) -> None:
    """Refuse what cannot work, before anything is touched; blocks.

    Raises:
        DefaultPresetUnknown: no preset has the id that is to be the default.
        SocketGroupUnknown: there is no group of the name that is to be let in.
        DarkroomError: a folder that was named is missing, no folder, or not readable; or there can be no
            socket where it is wanted.
    """
    for finding in findings(settings):
        raise finding


def findings(settings: Settings) -> tuple[DarkroomError, ...]:
    """Return all that cannot work, whatever names it; blocks, and touches nothing.

    What the configuration names has its place there, see `place_of`.
    """
    checks: tuple[tuple[KeyPath, Callable[[], object]], ...] = (
        (("presets", "default"), partial(_check_default_preset, settings)),
        ((), partial(check_socket_path, settings.socket)),
        (("socket", "group"), partial(access_policy, settings.config)),
    )
    found = anyio.run(_wrong_folders, settings)
    for path, check_one in checks:
        try:
            check_one()
        except DarkroomError as error:
            found.append((path, error))
    return tuple(_placed(error, path, settings.layers) for path, error in found)


async def _wrong_folders(settings: Settings) -> list[tuple[KeyPath, DarkroomError]]:
    """Return the folders that cannot be worked in, by the place that names them; empty: the command line."""
    disks = Disks(patience_seconds=CHECK_SECONDS)
    found: list[tuple[KeyPath, DarkroomError]] = []
    for key, folders, configured, check_folder in (
        ("roots", settings.roots, len(settings.config.roots), check_root),
        ("sessions", settings.sessions, len(settings.config.sessions), check_session),
    ):
        for number, folder in enumerate(folders):
            try:
                # A share that does not answer is waited for later, like one that is not mounted yet.
                with suppress(TimeoutError):
                    await disks.do(folder, partial(check_folder, folder))
            except DarkroomError as error:
                found.append(((key, number) if number < configured else (), error))
    return found


def _placed(error: DarkroomError, path: KeyPath, layers: Sequence[Layer]) -> DarkroomError:
    """Return the error with the place of the configuration that led to it; empty: the command line did."""
    if path:
        source, line = where(path, layers)
        Place(source=source, line=line, key=dotted(path)).add_to(error)
    return error


def _check_default_preset(settings: Settings) -> None:
    default = settings.config.presets.default
    if default in BUILTIN_PRESETS:
        return
    known = _read_presets(settings.presets)
    if default not in known:
        raise DefaultPresetUnknown(default, tuple(known))


def access_policy(config: Config) -> AccessPolicy:
    """Return who may call what; raise `SocketGroupUnknown`."""
    section = config.socket
    try:
        group = gid_of(section.group) if section.group else None
    except GroupUnknown as error:
        raise SocketGroupUnknown(section.group) from error
    return AccessPolicy(
        owner_uid=os.geteuid(),
        group=group,
        group_role=Role(section.group_role),
        allowed_roots=tuple(map(Path, section.allowed_roots)),
    )


def _read_presets(folder: Path | None) -> Mapping[str, Preset]:
    try:
        return read_library(folder).presets
    except OSError as error:
        raise PresetsUnreadable(str(folder), os.strerror(error.errno or 0)) from error


def executor_options(settings: Settings) -> ExecutorOptions:
    """Return how the worker processes are run."""
    worker, workers = settings.config.worker, settings.config.workers
    return ExecutorOptions(
        workers=workers,
        idle_seconds=worker.idle_seconds,
        retire=RetirePolicy(photos=worker.photos),
        worker=WorkerSettings(
            log_format=settings.log_format,
            log_level=settings.levels.of("worker"),
            memory_bytes=worker.memory_mb * 1_000_000,
            threads=threads_each(workers, cores=os.cpu_count() or 1),
        ),
    )


def intake_options(config: Config) -> IntakeOptions:
    """Return how folders are observed."""
    intake = config.intake
    return IntakeOptions(
        patience=Patience(quiet_seconds=intake.quiet_seconds, blind_seconds=intake.patient_seconds),
        scan_seconds=intake.scan_seconds,
        poll_seconds=intake.poll_seconds,
        extensions=frozenset(map(str.lower, intake.extensions)) or RAW_EXTENSIONS,
        replace_unreadable=config.presets.unreadable_sidecar == "develop",
    )
