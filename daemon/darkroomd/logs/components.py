"""The parts of the daemon that log, by the names that people set levels for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Final

DAEMON: Final = "daemon"
"""Whatever is no other part: start and end, configuration, housekeeping."""

_SERVICES: Final[Mapping[str, tuple[str, ...]]] = {
    "intake": (
        "adoption", "companions", "handover", "intake", "lookout", "lost_outputs", "moves", "reception",
        "recognition", "rescans", "roots", "session_intake",
    ),
    "queue": (
        "appraisal", "bookkeeper", "culling", "development", "exports", "gatekeeper", "recovery", "revisions",
        "scheduler",
    ),
    "worker": ("foresight", "seat", "worker_process"),
    "archive": ("archive_lists", "archives", "archivist", "layouts"),
    "presets": ("presets",),
    "records": ("session_records",),
    "disks": ("disks",),
}  # fmt: skip
"""Modules of `darkroomd.services` by part."""

_PACKAGES: Final[Mapping[str, str]] = {"darkroomd.api": "api", "darkroomd.imaging": "worker"}

_PARTS: Final[Mapping[str, str]] = {
    **_PACKAGES,
    **{f"darkroomd.services.{module}": part for part, modules in _SERVICES.items() for module in modules},
}

COMPONENTS: Final = (DAEMON, *sorted({*_PARTS.values()}))
"""All parts by name."""


def component_of(module: str) -> str:
    """Return the part that a module, by its full name, belongs to."""
    while module:
        if (part := _PARTS.get(module)) is not None:
            return part
        module = module.rpartition(".")[0]
    return DAEMON


def calling_component() -> str:
    """Return the part whose module called structlog, which called this."""
    # The module that logs says its name nowhere else.
    frame = inspect.currentframe()
    module = ""
    while frame is not None and _is_machinery(module := str(frame.f_globals.get("__name__", ""))):
        frame = frame.f_back
    return component_of(module)


def _is_machinery(module: str) -> bool:
    return module.partition(".")[0] == "structlog" or module.startswith("darkroomd.logs")
