"""Presets: which there are, which a session uses, and which a photo was developed with."""

from __future__ import annotations

from darkroom.errors import DARKROOM_INTERFACE
from darkroom.protocol.calls import ApplyPreset, ListPresets, SetSessionPreset
from darkroom.protocol.replies import CountReply, PresetsReply, SessionReply
from darkroomd.api import views
from darkroomd.api.requests import Handlers, Request
from darkroomd.core.model import PhotoId, SessionId
from darkroomd.services.culling import Culling
from darkroomd.services.presets import Presets
from darkroomd.services.queries import Queries


class PresetHandlers:
    """Answers about presets, and chooses them."""

    def __init__(self, presets: Presets, culling: Culling, queries: Queries) -> None:
        self._presets = presets
        self._culling = culling
        self._queries = queries

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {
            f"{DARKROOM_INTERFACE}.ListPresets": self.list_presets,
            f"{DARKROOM_INTERFACE}.SetSessionPreset": self.set_session_preset,
            f"{DARKROOM_INTERFACE}.ApplyPreset": self.apply_preset,
        }

    async def list_presets(self, _request: Request[ListPresets]) -> PresetsReply:
        """Return all presets in the order of their names."""
        library = await self._presets.library()
        return PresetsReply(presets=tuple(map(views.preset, library.presets.values())))

    async def set_session_preset(self, request: Request[SetSessionPreset]) -> SessionReply:
        """Choose the preset of photos to come; raise `NoSuchSession`, `NoSuchPreset`."""
        asked = request.parameters
        session = await self._presets.choose(SessionId(asked.session_id), asked.preset_id)
        return SessionReply(session=views.session(session, self._queries.watch_mode(session.id)))

    async def apply_preset(self, request: Request[ApplyPreset]) -> CountReply:
        """Replace the frozen preset of photos; raise `NoSuchPhoto`, `NoSuchPreset`."""
        asked = request.parameters
        photos = [PhotoId(photo_id) for photo_id in asked.photo_ids]
        return CountReply(count=await self._culling.apply_preset(photos, asked.preset_id))
