"""Presets, discarding and capture times: the methods of the client."""

from __future__ import annotations

from collections.abc import Sequence
from io import BufferedReader

from darkroom.aio.exchange import Exchange
from darkroom.client.descriptors import Descriptors
from darkroom.protocol import calls, replies
from darkroom.protocol.types import Preset, Session


class PhotoCalls(Exchange):
    """Asks for presets, and changes photos.

    Each method that changes photos takes several and changes all or none: it raises `NoSuchPhoto` for the
    first that is not known.
    """

    async def list_presets(self) -> tuple[Preset, ...]:
        """Return all presets, in the order of their names."""
        return (await self._ask(calls.ListPresets(), replies.PresetsReply)).presets

    async def set_session_preset(self, session_id: str, preset_id: str | None) -> Session:
        """Choose the preset of photos that arrive from now on (None: the default) and return the session.

        Raises:
            NoSuchSession, NoSuchPreset: one of them is not known; nothing was changed.
        """
        question = calls.SetSessionPreset(session_id=session_id, preset_id=preset_id)
        return (await self._ask(question, replies.SessionReply)).session

    async def apply_preset(self, photo_ids: Sequence[str], preset_id: str) -> int:
        """Replace the frozen preset of photos, which are developed anew, and return how many there are.

        It writes a file for each photo: give a few hundred at a time. Raises `NoSuchPreset` as well.
        """
        question = calls.ApplyPreset(photo_ids=tuple(photo_ids), preset_id=preset_id)
        return (await self._ask(question, replies.CountReply)).count

    async def set_discarded(self, photo_ids: Sequence[str], *, discarded: bool) -> int:
        """Take photos out of development, export and archive, or back in; return how many changed."""
        question = calls.SetDiscarded(photo_ids=tuple(photo_ids), discarded=discarded)
        return (await self._ask_once(question, replies.CountReply)).count

    async def set_capture_time(
        self,
        photo_ids: Sequence[str],
        *,
        at_usec: int | None = None,
        offset_usec: int | None = None,
        clear: bool | None = None,
    ) -> int:
        """Correct when photos were taken; return how many have the time that was asked for.

        Args:
            photo_ids: of the photos.
            at_usec: the time for all of them, in microseconds since the Unix epoch.
            offset_usec: microseconds to add to the camera's time; photos without one are left as they are.
            clear: the camera's time holds again.

        Raises:
            InvalidParameter: not exactly one of the three is given, or it is no time.
        """
        question = calls.SetCaptureTime(
            photo_ids=tuple(photo_ids), at_usec=at_usec, offset_usec=offset_usec, clear=clear
        )
        return (await self._ask(question, replies.CountReply)).count

    async def open_output(self, output_id: str) -> BufferedReader:
        """Return an output as a file open for reading, which the caller closes, or raise `NoSuchOutput`.

            with await client.open_output(photo.outputs[0].id) as file:
                shutil.copyfileobj(file, sys.stdout.buffer)

        It is opened by the daemon: this works also where the caller may not enter the folder, and the file
        stays whole also if the photo is developed anew meanwhile.
        """
        with Descriptors() as files:
            opened = await self._ask(
                calls.OpenOutput(output_id=output_id), replies.OpenedOutputReply, files=files
            )
            return files.open(opened.file_descriptor)
