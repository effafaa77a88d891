"""The composition root: everything the daemon is made of is built, started and ended here."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroomd.api.listener import Listener, open_listener
from darkroomd.api.server import Server
from darkroomd.bus import Bus
from darkroomd.config import Config, load_config
from darkroomd.core.faults import NowhereToLook, StateInUse, StateUnusable
from darkroomd.core.model import Claim, CorrelationId, Happening, Health
from darkroomd.core.retry import RetryPolicy
from darkroomd.files.folders import check_root, check_session
from darkroomd.imaging.messages import Recipe
from darkroomd.imaging.version import pipeline_version
from darkroomd.logs import LogFormat
from darkroomd.services.development import Development
from darkroomd.services.executor import LocalExecutor
from darkroomd.services.health import health_checks
from darkroomd.services.intake import Intake
from darkroomd.services.queries import Queries
from darkroomd.services.recovery import recover
from darkroomd.services.scheduler import Scheduler
from darkroomd.services.session_records import SessionRecords
from darkroomd.store.store import Store, open_store
from darkroomd.system.clock import now_usec
from darkroomd.system.lock import LockHeld, exclusive_lock
from darkroomd.system.paths import Places

DATABASE_NAME: Final = "queue.db"
LOCK_NAME: Final = "darkroomd.lock"
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
FAREWELL_SECONDS: Final = 2.0
"""For the last records and replies once nothing is being developed any more."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Settings:
    """What the daemon was started with. All paths are absolute."""

    config: Config
    roots: tuple[Path, ...]
    sessions: tuple[Path, ...]
    socket: Path
    state: Path
    log_format: LogFormat
    log_level: str

    @classmethod
    def gather(
        cls,
        *,
        places: Places,
        config: Path | None,
        roots: tuple[Path, ...],
        sessions: tuple[Path, ...],
        log_format: LogFormat,
        log_level: str,
    ) -> Settings:
        """Read the configuration and add what the command line says.

        Raises:
            ConfigInvalid, ConfigUnreadable: see `load_config`.
        """
        path = config or places.config
        loaded = Config() if path is None else load_config(path, required=config is not None)
        return cls(
            config=loaded,
            roots=(*map(Path, loaded.roots), *roots),
            sessions=(*map(Path, loaded.sessions), *sessions),
            socket=places.socket,
            state=places.state,
            log_format=log_format,
            log_level=log_level,
        )


def check(settings: Settings) -> None:
    """Refuse what cannot work, before anything is touched.

    Raises:
        NowhereToLook: no root and no session.
        DarkroomError: a folder that was named is missing, no folder, or not readable.
    """
    if not settings.roots and not settings.sessions:
        raise NowhereToLook
    for folder in settings.roots:
        check_root(folder)
    for folder in settings.sessions:
        check_session(folder)


def serve(settings: Settings) -> int:
    """Run the daemon until it is told to stop; return its exit status.

    Raises:
        DarkroomError: the daemon refuses to start; nothing was changed.
    """
    check(settings)
    with _state_folder(settings.state):
        return anyio.run(_serve, settings)


@contextmanager
def _state_folder(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive_lock(folder / LOCK_NAME):
            yield
    except LockHeld as held:
        raise StateInUse(folder, held.holder) from held
    except OSError as error:
        raise StateUnusable(folder, os.strerror(error.errno or 0)) from error


async def _serve(settings: Settings) -> int:
    bus = Bus[Happening]()
    boot = uuid.uuid4().hex
    listeners = [bus.publish]

    def publish(happening: Happening) -> None:
        for listener in listeners:
            listener(happening)

    async with (
        open_listener(settings.socket) as listener,
        open_store(settings.state / DATABASE_NAME, publish) as store,
        _executor(settings) as executor,
    ):
        daemon = _Daemon.build(settings, store, executor, listener, bus, publish, boot)
        listeners.append(daemon.scheduler.notice)
        await daemon.run()
    return 0
