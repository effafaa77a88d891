"""Waiting for a photo to be developed: the method of the client that kiosks live on."""

from __future__ import annotations

import os
import time
from typing import Final

from darkroom.aio.sessions import SessionCalls
from darkroom.aio.watching import WatchCalls
from darkroom.client.paths import exact_path, spellings
from darkroom.errors import (
    ConnectionLost,
    DaemonUnreachable,
    DevelopmentFailed,
    NoSuchSession,
    Stopping,
    TimedOut,
)
from darkroom.protocol.types import Event, Photo

_LIST_AGAIN: Final = frozenset({"ready", "reset"})
_KINDS: Final = ("photo.added", "photo.changed")
_LOOK_AGAIN_SECONDS: Final = 1.0
"""Where the photos could not be listed: the stream tells of their changes, but not of how they stood."""


class DevelopingCalls(WatchCalls, SessionCalls):
    """Waits for photos."""

    async def wait_until_developed(
        self, path: str | os.PathLike[str], *, timeout_usec: int | None = None, patience: float = 30.0
    ) -> Photo:
        """Wait until the photo of a RAW file is developed and up to date, and return it with its outputs.

        The file may not be known to the daemon yet, or not be there at all: it is waited for. A daemon that
        is restarted meanwhile is waited for as well. A file that was overwritten a moment ago may be taken
        for the one that was developed before: give each photo a name of its own.

        Args:
            path: of the RAW file in the `Raw` folder of a session.
            timeout_usec: microseconds to wait in all; None: for ever, also for a path that is no session's.
            patience: seconds to wait for a daemon that went away.

        Raises:
            DevelopmentFailed: it cannot be developed, or was discarded.
            TimedOut: it was not developed in time.
        """
        names = spellings(path)
        deadline = None if timeout_usec is None else time.monotonic() + timeout_usec / 1_000_000
        must_list = False
        async with self.watch(kinds=_KINDS, progress_interval_usec=0, patience=patience) as events:
            while True:
                event = await events.next_within(_wait_seconds(deadline, must_list=must_list))
                photo = _photo_of(event, names)
                if must_list or (event is not None and event.kind in _LIST_AGAIN):
                    # Whatever was told before, this is how it stands now.
                    photo, must_list = await self._look_for(names)
                if photo is not None and _is_done(photo):
                    return photo
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimedOut

    async def _look_for(self, names: frozenset[str]) -> tuple[Photo | None, bool]:
        """Return the photo with one of these paths, if there is one, and whether to look once more."""
        try:
            async for session in self.list_sessions():
                folder = os.path.join(exact_path(session.folder), "")  # noqa: PTH118 - names of any bytes
                if any(name.startswith(folder) for name in names):
                    async for photo in self.list_photos(session.id):
                        if exact_path(photo.original) in names:
                            return photo, False
        except (ConnectionLost, DaemonUnreachable, NoSuchSession, Stopping):
            # How long a daemon that went away is waited for is the stream's concern.
            return None, True
        return None, False


def _wait_seconds(deadline: float | None, *, must_list: bool) -> float:
    # Without an end each round is as good as the next: the stream itself notices a daemon that is gone.
    left = 3600.0 if deadline is None else max(0.0, deadline - time.monotonic())
    return min(left, _LOOK_AGAIN_SECONDS) if must_list else left


def _photo_of(event: Event | None, names: frozenset[str]) -> Photo | None:
    if event is None or event.photo is None or exact_path(event.photo.original) not in names:
        return None
    return event.photo


def _is_done(photo: Photo) -> bool:
    if photo.state == "developed":
        return True
    path = exact_path(photo.original)
    if photo.state == "failed":
        failure = photo.failure
        raise DevelopmentFailed(path, failure.code if failure else "", failure.message if failure else "")
    if photo.discarded:
        raise DevelopmentFailed(path, "photo.discarded", "The photo was discarded; restore it first.")
    return False
