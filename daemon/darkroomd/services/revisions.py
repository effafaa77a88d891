"""What files beside photos say now, brought into the store: other adjustments, other ratings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog

from darkroomd.core.model import CorrelationId, Photo, PhotoId, SessionId
from darkroomd.files.sidecars import FrozenLook
from darkroomd.store.culling import Requeue, Styled
from darkroomd.store.photo_desk import PhotoDesk

log = structlog.get_logger()


class Revisions:
    """Photos that have to be developed anew are queued at low priority.

    Args:
        recipe: of the outputs that the background makes.
        on_document_dirty: has the public record of a session rewritten.
        now_usec: microseconds since the Unix epoch, UTC.
        new_correlation_id: makes one, for the jobs.
    """

    def __init__(
        self,
        desk: PhotoDesk,
        *,
        recipe: str,
        on_document_dirty: Callable[[SessionId], None],
        now_usec: Callable[[], int],
        new_correlation_id: Callable[[], CorrelationId],
    ) -> None:
        self.desk = desk
        self.now_usec = now_usec
        self._recipe = recipe
        self._on_document_dirty = on_document_dirty
        self._new_correlation_id = new_correlation_id

    async def restyle(self, looks: Mapping[PhotoId, FrozenLook]) -> list[Photo]:
        """Record what stands in the sidecars of photos; return those that are developed anew by that."""
        styled = [
            Styled(photo_id, look.look, look.preset_id, look.unsupported, look.warnings)
            for photo_id, look in looks.items()
        ]
        different = await self.desk.restyle(styled, requeue=self.requeue(), now_usec=self.now_usec())
        self.mark(different)
        return different

    async def note_ratings(self, ratings: Mapping[PhotoId, bool]) -> None:
        """Take in whether XMP files reject photos."""
        changed = await self.desk.note_ratings(ratings, requeue=self.requeue(), now_usec=self.now_usec())
        for photo in changed:
            log.info("photo_rated", raw=str(photo.raw), rejected=ratings[photo.id])
        self.mark(changed)

    def requeue(self) -> Requeue:
        """Return how photos are queued that have to be developed anew."""
        return Requeue(self._recipe, self._new_correlation_id())

    def mark(self, photos: Sequence[Photo]) -> None:
        """Have the records of the photos' sessions rewritten."""
        for session_id in {photo.session_id for photo in photos}:
            self._on_document_dirty(session_id)
