"""What the services are given of the configuration, at the start and when it is read again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import msgspec

from darkroomd.config import Config
from darkroomd.core.access import AccessPolicy
from darkroomd.core.failure_share import FailureLimit
from darkroomd.core.output_plan import OutputPlan
from darkroomd.core.queue_rules import QueueRules
from darkroomd.core.reloading import Values, compare, in_force
from darkroomd.core.retry import RetryPolicy
from darkroomd.core.schedule import parse_windows
from darkroomd.core.sidecar import SidecarDemands
from darkroomd.imaging.version import pipeline_version
from darkroomd.services.gatekeeper import Schedule
from darkroomd.services.reloading import Change
from darkroomd.settings import Settings, access_policy, check
from darkroomd.system.timezone import local_zone

Adopt: TypeAlias = Callable[[Settings], anyio.Event | None]
"""Gives a service what is in force from now on; neither waits nor fails.

Returns what is set once that which takes time is done; None: nothing does.
"""


def retry_policy(config: Config) -> RetryPolicy:
    """Return how patient the queue is."""
    retry = config.retry
    return RetryPolicy(
        waits_seconds=retry.waits_seconds,
        attempts=retry.attempts,
        environment_wait_seconds=retry.environment_wait_seconds,
    )


def queue_rules(config: Config) -> QueueRules:
    """Return the rules that the queue is worked through by."""
    failures = config.failures
    return QueueRules(
        policy=retry_policy(config),
        failure_limit=FailureLimit(least_tried=failures.least_tried, most_percent=failures.most_percent),
        workers=config.workers,
        running_background=config.export.running_background,
    )


def schedule(config: Config) -> Schedule:
    """Return when work may run, by the clock of this machine."""
    return Schedule(parse_windows(config.schedule.allow), local_zone(os.environ))


def output_plan(settings: Settings) -> OutputPlan:
    """Return what is wanted of every photo."""
    return OutputPlan(settings.recipes, pipeline_version())


def recipe_names(settings: Settings) -> tuple[str, ...]:
    """Return the names of all recipes, the first one first."""
    return tuple(recipe.name for recipe in settings.recipes)


def sidecar_demands(config: Config) -> SidecarDemands:
    """Return what photos fail for whose sidecars ask for too much."""
    presets = config.presets
    return SidecarDemands(strict=presets.strict, readable=presets.unreadable_sidecar == "fail")


def archive_folder(config: Config) -> Path | None:
    """Return where archives go if nobody says; None: nowhere."""
    return Path(config.archive.destination) if config.archive.destination else None


def metrics_path(config: Config) -> Path | None:
    """Return the file that figures are written to; None: there is none."""
    return Path(config.metrics.file) if config.metrics.file else None


class Configuring:
    """Knows the settings that are in force, and gives those that are read again to whoever goes by them."""

    def __init__(
        self, settings: Settings, access: AccessPolicy, *, check_group: Callable[[int | None], None]
    ) -> None:
        """Begin with these; `check_group` raises `DarkroomError` where a group cannot be let in."""
        self._settings = settings
        self._access = access
        self._check_group = check_group
        self._adopters: list[Adopt] = []

    @property
    def settings(self) -> Settings:
        """What is in force at this moment."""
        return self._settings

    @property
    def access(self) -> AccessPolicy:
        """Who may call what at this moment."""
        return self._access

    def also_to(self, *adopters: Adopt) -> None:
        """Give new settings to these as well, in the order in which they came."""
        self._adopters += adopters

    def read(self) -> Change:
        """Read the layers of the configuration again, and check what is new as at the start; blocks.

        Raises:
            DarkroomError: as `Settings.again` and `check`.
        """
        before, after = self._settings, self._settings.again()
        check(_with_new_folders(before, after))
        merged = _merged(before, after)
        access = access_policy(merged.config)
        self._check_group(access.group)
        return Change(compare(_values(before), _values(after)), lambda: self._put_in_force(merged, access))

    def _put_in_force(self, settings: Settings, access: AccessPolicy) -> Iterable[anyio.Event]:
        self._settings, self._access = settings, access
        under_way = [adopt(settings) for adopt in self._adopters]
        return tuple(done for done in under_way if done is not None)


def _values(settings: Settings) -> Values:
    """Return the configuration as plain values; pictures that recipes name count by their content."""
    values: dict[str, Any] = msgspec.to_builtins(settings.config)
    return {**values, "recipe": [settings.config.recipe, settings.recipes]}


def _with_new_folders(before: Settings, after: Settings) -> Settings:
    """Return settings to check: a folder that is watched already may be away for a while."""
    return replace(
        after,
        roots=tuple(folder for folder in after.roots if folder not in before.roots),
        sessions=tuple(folder for folder in after.sessions if folder not in before.sessions),
    )


def _merged(before: Settings, after: Settings) -> Settings:
    """Return the settings of which everything can be in force without a restart."""
    values = in_force(msgspec.to_builtins(before.config), msgspec.to_builtins(after.config))
    return replace(
        before,
        config=msgspec.convert(values, Config),
        roots=after.roots,
        sessions=after.sessions,
        presets=after.presets,
        recipes=after.recipes,
        layers=after.layers,
    )
