"""The presets there are, which of them is in force for a photo, and the choice of each session."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

import structlog

from darkroom.errors import NoSuchPreset
from darkroomd.core.model import Session, SessionId
from darkroomd.core.preset_documents import Library, assemble
from darkroomd.core.presets import BUILTIN_PRESETS, DEFAULT_PRESET_ID, Preset
from darkroomd.files.preset_files import Stamp, read_folder, stamp_of
from darkroomd.services.disks import Disks
from darkroomd.store.photo_desk import PhotoDesk

LIST_SECONDS = 2.0
"""How long the disk with the preset files may take before what was read last stands in."""

log = structlog.get_logger()


def read_library(folder: Path | None) -> Library:
    """Read the presets; blocks. None: there is no folder for them.

    Raises:
        OSError: the folder is there and cannot be listed.
    """
    return assemble({} if folder is None else read_folder(folder))


class Presets:
    """Presets by id, read again whenever a file has changed: nothing has to be restarted for a new one.

    Args:
        desk: where sessions keep their choice.
        folder: of the preset files; it need not exist. None: there is none.
        default: id of the preset in force where a session has none.
        now_usec: microseconds since the Unix epoch, UTC.
    """

    def __init__(
        self,
        desk: PhotoDesk,
        folder: Path | None,
        *,
        now_usec: Callable[[], int],
        default: str = DEFAULT_PRESET_ID,
    ) -> None:
        self._desk = desk
        self._folder = folder
        self._default = default
        self._now_usec = now_usec
        self._disks = Disks(patience_seconds=LIST_SECONDS)
        self._stamp: Stamp | None = None
        self._library = assemble({})
        self._problem: str | None = None
        self._missed: set[str] = set()

    def adopt(self, folder: Path | None, *, default: str) -> None:
        """Read presets from this folder, and have this one in force where a session has none."""
        if folder != self._folder:
            self._folder, self._stamp, self._problem = folder, None, None
            if folder is None:
                self._library = assemble({})
        if default != self._default:
            self._default = default
            self._missed.clear()

    async def library(self) -> Library:
        """Return all presets as their files are now; where these cannot be read, as they were."""
        folder = self._folder
        if folder is None:
            return self._library
        try:
            stamp, library = await self._disks.do(folder, partial(_changed, folder, self._stamp))
        except OSError as error:
            self._note_problem(error)
            return self._library
        if folder != self._folder:
            # Another one was named meanwhile.
            return await self.library()
        self._problem = None
        if library is not None:
            self._take(stamp, library)
        return self._library

    async def problems(self) -> tuple[str, ...]:
        """Return what a person should look at, a sentence each."""
        library = await self.library()
        problems = (*([] if self._problem is None else [self._problem]), *library.problems)
        if self._default not in library.presets:
            missing = f"The default preset {self._default} is gone; {DEFAULT_PRESET_ID} stands in."
            problems = (missing, *problems)
        return problems

    async def named(self, preset_id: str) -> Preset:
        """Return a preset, or raise `NoSuchPreset`."""
        preset = (await self.library()).presets.get(preset_id)
        if preset is None:
            raise NoSuchPreset(preset_id)
        return preset

    async def in_force(self, session_id: SessionId, names: Collection[str]) -> dict[str, Preset]:
        """Return the preset of each photo by file name: its own if it is known, else the session's choice.

        Raises:
            NoSuchSession: the session is not known.
        """
        library = await self.library()
        chosen, own = await self._desk.presets_chosen(session_id, names)
        of_session = self._preset(library, chosen, session_id)
        return {
            name: library.presets.get(own[name], of_session) if name in own else of_session for name in names
        }

    async def choose(self, session_id: SessionId, preset_id: str | None) -> Session:
        """Set the preset of photos that arrive in a session from now on, durably; None: the default.

        Raises:
            NoSuchSession, NoSuchPreset: nothing was changed.
        """
        if preset_id is not None:
            await self.named(preset_id)
        session = await self._desk.set_session_preset(session_id, preset_id, now_usec=self._now_usec())
        log.info("session_preset_set", session=session_id, preset=preset_id)
        return session

    def _preset(self, library: Library, chosen: str | None, session_id: SessionId) -> Preset:
        wanted = self._default if chosen is None else chosen
        for candidate in (wanted, self._default, DEFAULT_PRESET_ID):
            preset = library.presets.get(candidate)
            if preset is not None:
                if candidate != wanted and wanted not in self._missed:
                    # Said once: a booth goes on with a look that is not the wanted one rather than with none.
                    self._missed.add(wanted)
                    log.warning("preset_missing", session=session_id, preset=wanted, instead=candidate)
                return preset
        return BUILTIN_PRESETS[DEFAULT_PRESET_ID]

    def _take(self, stamp: Stamp, library: Library) -> None:
        first = self._stamp is None
        self._stamp, self._library = stamp, library
        self._missed.clear()
        for problem in library.problems:
            log.warning("preset_file_problem", folder=str(self._folder), problem=problem)
        if not first:
            log.info("presets_read_again", folder=str(self._folder), presets=len(library.presets))

    def _note_problem(self, error: OSError) -> None:
        why = os.strerror(error.errno or 0)
        problem = (
            f"The folder of presets {self._folder} cannot be read ({why}); what was read last stands in."
        )
        if problem != self._problem:
            log.warning("presets_unreadable", folder=str(self._folder), problem=why)
        self._problem = problem


def _changed(folder: Path, known: Stamp | None) -> tuple[Stamp, Library | None]:
    """Return the folder's stamp, and its presets if that is a new one; a change meanwhile is found later."""
    stamp = stamp_of(folder)
    return stamp, None if stamp == known else read_library(folder)
