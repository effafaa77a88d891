"""One session's sidecars and XMP files: noticed when they change, read once they have been quiet."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import structlog

from darkroomd.core.intake import SIDECAR_SUFFIX
from darkroomd.core.model import RAW_FOLDER, Fingerprint, Photo, PhotoState, Session
from darkroomd.core.naming import stem_of
from darkroomd.core.output_plan import EVERY_RECIPE
from darkroomd.core.presets import Preset
from darkroomd.core.sidecar import UNREADABLE, is_mended
from darkroomd.core.waiting_room import Ready, WaitingRoom
from darkroomd.core.xmp import is_xmp
from darkroomd.files.companions import is_companion, list_companions
from darkroomd.files.looks import look_at
from darkroomd.files.sidecars import FrozenLook, freeze, has_sidecar, read_look
from darkroomd.files.xmp_files import is_rejected
from darkroomd.services.revisions import Revisions
from darkroomd.services.surroundings import OnDisk, Surroundings
from darkroomd.store.photo_desk import PhotoDesk

LOOKS_AT_ONCE: Final = 256
"""Companions looked at, and read, in one go of a thread."""

SECOND_LOOK_SECONDS: Final = 5.0
"""An unreadable sidecar is looked at once more after that time: its writer may have closed it half-way."""

ARRIVAL_SECONDS: Final = 1.0
"""Before an XMP file is read again whose photo is still on its way."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """A sidecar as it could not be read; `until`: seconds of the event loop, when it is looked at again."""

    fingerprint: Fingerprint | None
    until: float


class Companions:
    """Follows the files beside the photos of one session.

    Hints are noted at once; `attend` does what is due, and is not to be called twice at a time.

    Args:
        photos: the names of files in `Raw/` that were dealt with.
        is_settled: whether no photo is on its way to the queue.
    """

    def __init__(
        self,
        session: Session,
        around: Surroundings,
        on_disk: OnDisk,
        *,
        photos: Callable[[], Collection[str]],
        is_settled: Callable[[], bool],
    ) -> None:
        self._session: Final = session
        self._raw: Final = session.folder / RAW_FOLDER
        self._around = around
        self._on_disk = on_disk
        self._photos = photos
        self._is_settled = is_settled
        self._revisions = Revisions(
            PhotoDesk(around.store.front),
            recipe=EVERY_RECIPE,
            on_document_dirty=around.on_document_dirty,
            now_usec=around.now_usec,
            new_correlation_id=around.new_correlation_id,
        )
        self._room = WaitingRoom(around.options.patience, {})
        self._since_ns: int | None = None
        self._rejecting: set[str] = set()
        self._unreadable: dict[str, _Unreadable] = {}

    def next_due(self) -> float:
        """Return when to call `attend` next, in seconds of the monotonic clock."""
        return self._room.next_due()

    def adopt(self) -> None:
        """Have the patience of the options from now on."""
        self._room.adopt(self._around.options.patience)

    def start_over(self) -> None:
        """Forget what was seen: the folder went."""
        self._room = WaitingRoom(self._around.options.patience, {})
        self._since_ns = None
        self._rejecting.clear()
        self._unreadable.clear()

    def take_hints(self, names: Iterable[str]) -> None:
        """Note that something may have happened to names in `Raw/`."""
        now = anyio.current_time()
        for name in names:
            if is_companion(name):
                self._room.hint(name, now=now)

    async def scan(self) -> None:
        """Find what changed and nobody told of; raises what `list_companions` raises."""
        work = partial(list_companions, self._raw, since_ns=self._since_ns)
        listing = await self._on_disk(work)
        self._since_ns = listing.newest_ns
        # What is gone has no time; only of those that reject a photo it matters.
        for name in (*listing.names, *self._rejecting):
            if not self._room.is_put_off(name):
                self._room.announce(name)

    async def attend(self, *, leases: bool) -> None:
        """Look at the files that are due, and take in what the quiet ones say.

        Raises:
            DarkroomError, OSError: the store or the disk refuses.
        """
        due = self._room.due(now=anyio.current_time())[:LOOKS_AT_ONCE]
        if not due:
            return
        looks = await self._on_disk(partial(look_at, self._raw, due, leases=leases))
        now = anyio.current_time()
        ready: dict[str, Fingerprint | None] = {}
        for name, look in looks.items():
            notices = self._room.saw(name, look, now=now)
            if look.fingerprint is None:
                self._rejecting.discard(name)
                ready[name] = None
            elif any(isinstance(notice, Ready) for notice in notices):
                ready[name] = look.fingerprint
        await self._take_sidecars({name: found for name, found in ready.items() if not is_xmp(name)})
        await self._take_ratings([name for name in ready if is_xmp(name)])
        for name, fingerprint in ready.items():
            # What was put off is looked at again even if it stays the same.
            if fingerprint is not None and not self._room.is_put_off(name):
                self._room.deal_with(name, fingerprint)
        if math.isinf(self._room.next_due()):
            # What was dealt with is known by its time: thousands of fingerprints need not be kept.
            self._room = WaitingRoom(self._around.options.patience, {})

    async def _take_sidecars(self, found: Mapping[str, Fingerprint | None]) -> None:
        written = {name.removesuffix(SIDECAR_SUFFIX): fingerprint for name, fingerprint in found.items()}
        photos = await self._known(written)
        if not photos:
            return
        raws = {name: photo.raw for name, photo in photos.items()}
        looks = await self._on_disk(partial(_read_looks, raws))
        broken = [name for name, look in looks.items() if look is None or look.problem]
        different = {
            photos[name].id: look
            for name, look in looks.items()
            if look is not None
            and not look.problem
            and not _only_lacks_its_lut(photos[name], look, written[name])
            and (look.look != photos[name].look or is_mended(photos[name].failure, look.warnings))
        }
        for name in looks:
            if name not in broken:
                self._unreadable.pop(name, None)
        if different:
            anew = await self._revisions.restyle(different)
            for photo in anew:
                log.info("sidecar_edited", raw=str(photo.raw), correlation_id=photo.correlation_id)
        await self._take_broken({name: photos[name] for name in broken}, looks, written)

    async def _take_broken(
        self,
        photos: Mapping[str, Photo],
        looks: Mapping[str, FrozenLook | None],
        written: Mapping[str, Fingerprint | None],
    ) -> None:
        """Have sidecars looked at again that cannot be read; replace those that stay so, or are gone."""
        now = anyio.current_time()
        hopeless: dict[str, Photo] = {}
        for name, photo in photos.items():
            # One that has changed since the last look is being written, and news of it may come late.
            known = self._unreadable.get(name)
            if known is None or known.fingerprint != written[name]:
                known = self._unreadable[name] = _Unreadable(written[name], now + SECOND_LOOK_SECONDS)
            if looks[name] is not None and now < known.until:
                self._room.put_off(name + SIDECAR_SUFFIX, until=known.until)
            else:
                del self._unreadable[name]
                hopeless[name] = photo
        if not hopeless:
            return
        presets = await self._around.presets.in_force(self._session.id, list(hopeless))
        frozen = await self._on_disk(
            partial(
                _freeze_again,
                hopeless,
                presets,
                applied_at_usec=self._around.now_usec(),
                replace_unreadable=self._around.options.replace_unreadable,
            )
        )
        for name, look in frozen.items():
            raw = str(hopeless[name].raw)
            if look.problem and (look.written or UNREADABLE not in hopeless[name].warnings):
                log.warning("sidecar_unreadable", raw=raw, problem=look.problem, kept=str(look.kept))
            if look.written:
                log.info("preset_frozen", raw=raw, preset=look.preset_id, unsupported=look.unsupported)
        await self._revisions.restyle({hopeless[name].id: look for name, look in frozen.items()})

    async def _take_ratings(self, names: Sequence[str]) -> None:
        if not names:
            return
        if not self._is_settled():
            # Their photos may be about to be recorded with what these files said before.
            until = anyio.current_time() + ARRIVAL_SECONDS
            for name in names:
                self._room.put_off(name, until=until)
        stems = {stem_of(name): name for name in names}
        affected = [name for name in self._photos() if name in stems or stem_of(name) in stems]
        photos = await self._known(affected)
        raws = {name: photo.raw for name, photo in photos.items()}
        verdicts = await self._on_disk(partial(_read_ratings, raws))
        for name, rejected in verdicts.items():
            by = [xmp for xmp in (stems.get(name), stems.get(stem_of(name))) if xmp is not None]
            (self._rejecting.update if rejected else self._rejecting.difference_update)(by)
            if rejected is None:
                log.warning("xmp_unreadable", raw=str(photos[name].raw))
        ratings = {
            photos[name].id: rejected
            for name, rejected in verdicts.items()
            if rejected is not None and rejected is not photos[name].rejected
        }
        if ratings:
            await self._revisions.note_ratings(ratings)

    async def _known(self, names: Iterable[str]) -> dict[str, Photo]:
        """Return those of the photos that the store knows and whose files are there."""
        wanted = list(names)
        if not wanted:
            return {}
        photos = await self._revisions.desk.photos_named(self._session.id, wanted)
        return {name: photo for name, photo in photos.items() if photo.state is not PhotoState.MISSING}


def _only_lacks_its_lut(photo: Photo, look: FrozenLook, written: Fingerprint | None) -> bool:
    """Whether a finished picture is all right but for a .cube file that went since: it is left as it is."""
    return (
        bool(look.lut_problem and photo.outputs)
        and written is not None
        and written.mtime_ns < min(output.mtime_ns for output in photo.outputs)
    )


def _read_looks(raws: Mapping[str, Path]) -> dict[str, FrozenLook | None]:
    """Read sidecars; None: there is none."""
    return {name: read_look(raw) if has_sidecar(raw) else None for name, raw in raws.items()}


def _read_ratings(raws: Mapping[str, Path]) -> dict[str, bool | None]:
    return {name: is_rejected(raw) for name, raw in raws.items()}


def _freeze_again(
    photos: Mapping[str, Photo],
    presets: Mapping[str, Preset],
    *,
    applied_at_usec: int,
    replace_unreadable: bool,
) -> dict[str, FrozenLook]:
    return {
        name: freeze(
            photo.raw,
            presets[name],
            applied_at_usec=applied_at_usec,
            correlation_id=photo.correlation_id,
            replace_unreadable=replace_unreadable,
        )
        for name, photo in photos.items()
    }
