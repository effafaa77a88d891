"""What people do to photos and to the presets of sessions, asynchronously; see `store.culling` for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from darkroomd.core.culling import Correction
from darkroomd.core.model import Photo, PhotoId, Session, SessionId
from darkroomd.store import culling
from darkroomd.store.catalogue import read_photo
from darkroomd.store.culling import Requeue, Styled
from darkroomd.store.front import Front


class PhotoDesk:
    """Each method changes all the photos it names or none; raises `NoSuchPhoto` where an id is not known."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def photos(self, photo_ids: Sequence[PhotoId]) -> list[Photo]:
        """Return the photos once each, in the given order."""
        return await self._front.read(
            lambda database: [read_photo(database, one) for one in dict.fromkeys(photo_ids)]
        )

    async def photos_named(self, session_id: SessionId, names: Sequence[str]) -> dict[str, Photo]:
        """Return those of a session's photos that are known, by file name; raise `NoSuchSession`."""
        return await self._front.read(lambda database: culling.find_photos(database, session_id, names))

    async def set_session_preset(
        self, session_id: SessionId, preset_id: str | None, *, now_usec: int
    ) -> Session:
        """Choose the preset of photos that arrive from now on; raise `NoSuchSession`."""
        return await self._front.write(
            lambda database: culling.set_session_preset(database, session_id, preset_id, now_usec=now_usec)
        )

    async def presets_chosen(
        self, session_id: SessionId, names: Iterable[str]
    ) -> tuple[str | None, dict[str, str]]:
        """Return the id of a session's preset, and of those frozen for photos that are known, by name."""
        return await self._front.read(lambda database: culling.presets_chosen(database, session_id, names))

    async def set_discarded(
        self, photo_ids: Sequence[PhotoId], *, discarded: bool, requeue: Requeue, now_usec: int
    ) -> list[Photo]:
        """Discard photos or restore them; return those that changed, as they were."""
        return await self._front.write(
            lambda database: culling.set_discarded(
                database, photo_ids, discarded=discarded, requeue=requeue, now_usec=now_usec
            )
        )

    async def note_ratings(
        self, ratings: Mapping[PhotoId, bool], *, requeue: Requeue, now_usec: int
    ) -> list[Photo]:
        """Take in which photos XMP files reject; return those that changed by that, as they were."""
        return await self._front.write(
            lambda database: culling.note_ratings(database, ratings, requeue=requeue, now_usec=now_usec)
        )

    async def correct_times(
        self, photo_ids: Sequence[PhotoId], correction: Correction, *, requeue: Requeue, now_usec: int
    ) -> list[Photo]:
        """Correct when photos were taken; return those that have the time that was asked for."""
        return await self._front.write(
            lambda database: culling.correct_times(
                database, photo_ids, correction, requeue=requeue, now_usec=now_usec
            )
        )

    async def restyle(self, styled: Sequence[Styled], *, requeue: Requeue, now_usec: int) -> list[Photo]:
        """Record what stands in sidecars; return the photos that are developed anew, as they were."""
        return await self._front.write(
            lambda database: culling.restyle(database, styled, requeue=requeue, now_usec=now_usec)
        )
