"""A fresh look at photos of an export when their turn comes: what is made of them, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog
from anyio.lowlevel import checkpoint_if_cancelled

from darkroom.protocol.types import Failure
from darkroomd.core.due import UP_TO_DATE, Due, due_for
from darkroomd.core.freshness import UpToDate, is_same_file
from darkroomd.core.model import Claim, Photo, PhotoState
from darkroomd.core.output_plan import Labels, OutputPlan
from darkroomd.files.fingerprint import fingerprint_of, sha256_of
from darkroomd.files.sidecars import FrozenLook, read_look
from darkroomd.services.disks import Disks, Ear
from darkroomd.services.survey import close_verdicts
from darkroomd.store.export_items import Waiting, begin, waiting_with
from darkroomd.store.store import Store

LOOKED_AT_ONCE: Final = 128
"""Photos that are looked at, and skipped in one transaction, once one of an export was found up to date."""

Result = TypeVar("Result")

log = structlog.get_logger()


class Appraisal:
    """Compares photos with their outputs; what is decided is in the log, with the reason."""

    def __init__(self, store: Store, disks: Disks, plan: OutputPlan) -> None:
        self._store = store
        self._disks = disks
        self._plan = plan

    @property
    def plan(self) -> OutputPlan:
        """What is wanted of every photo."""
        return self._plan

    async def due(self, claim: Claim, look: FrozenLook, names: Collection[str]) -> Due | Failure:
        """Return what is made of a claimed photo, whose RAW file is as it is recorded.

        `look` is what its sidecar says, `names` are the RAW files of its session. Reads files through where
        only their contents can tell. A failure: the configuration has none of the recipes any more.
        """
        wish = claim.job.wish
        if wish.recipes is not None and not any(one.name in wish.recipes for one in self._plan.recipes):
            return _recipe_gone(wish.recipes)
        work = partial(self._judge, claim, look, names)
        due = await self._disks.do_at_length(claim.session.folder, work)
        # Cut short, the look says nothing.
        await checkpoint_if_cancelled()
        return due

    async def start(self, claim: Claim, due: Due, *, now_usec: int) -> bool:
        """Have the photo show that it is being developed, and say why; False if the claim is stale."""
        log.info(
            "item_started",
            raw=str(claim.photo.raw),
            kind=claim.job.kind,
            reason=due.reason,
            recipes=due.recipes,
        )
        if claim.photo.state is PhotoState.DEVELOPING:
            return True
        change = partial(begin, item=claim.item, fence=claim.fence, now_usec=now_usec)
        return await self._store.front.write(change)

    async def skip(self, claim: Claim, names: Collection[str]) -> tuple[Waiting, ...]:
        """Say that a claimed photo is skipped; return items that wait and whose photos are to be as well.

        Those are of the same job, and up to date as far as sizes, times and sidecars tell.
        """
        log.info("item_skipped", raw=str(claim.photo.raw), reason=UP_TO_DATE)
        if claim.job.wish.forced:
            return ()
        waiting = await self._store.front.read(
            lambda database: waiting_with(database, claim.item, limit=LOOKED_AT_ONCE)
        )
        if not waiting:
            return ()
        along = await self._on_disk(claim, partial(self._up_to_date, claim, waiting, names))
        for one in along:
            log.info("item_skipped", raw=str(one.photo.raw), reason=UP_TO_DATE, item=one.item_id, attempt=0)
        return along

    def _judge(self, claim: Claim, look: FrozenLook, names: Collection[str], ear: Ear) -> Due:
        labels = self._plan.labels({*names, claim.photo.name})
        paths = self._plan.paths(claim.photo, claim.session.folder, labels)
        hash_of = partial(sha256_of, on_read=ear.go_on)
        verdicts = close_verdicts(claim.photo, look, paths, self._plan, hash_of=hash_of)
        return due_for(verdicts, claim.job.wish, failed_before=claim.failed_before)

    def _up_to_date(
        self, claim: Claim, waiting: Sequence[Waiting], names: Collection[str]
    ) -> tuple[Waiting, ...]:
        labels = self._plan.labels({*names, *(one.photo.name for one in waiting)})
        folder = claim.session.folder
        return tuple(one for one in waiting if self._is_up_to_date(one.photo, folder, labels))

    def _is_up_to_date(self, photo: Photo, folder: Path, labels: Labels) -> bool:
        """Whether nothing at all is to be made of a photo; where only contents can tell it is not."""
        try:
            found = fingerprint_of(photo.raw)
            if found is None or not is_same_file(photo.fingerprint, found):
                return False
            look = read_look(photo.raw)
        except OSError:
            return False
        paths = self._plan.paths(photo, folder, labels)
        verdicts = close_verdicts(photo, look, paths, self._plan, hash_of=None)
        return all(isinstance(one, UpToDate) for one in verdicts.values())

    async def _on_disk(self, claim: Claim, work: Callable[[], Result]) -> Result:
        return await self._disks.do(claim.session.folder, work)


def _recipe_gone(recipes: Sequence[str]) -> Failure:
    named = " or ".join(recipes)
    return Failure(
        code="recipe.gone",
        message=f"The configuration has no recipe {named} any more. Export the photo with one that it has.",
        transient=False,
        context={"recipes": list(recipes)},
    )
