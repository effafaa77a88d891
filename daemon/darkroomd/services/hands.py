"""All hands of the scheduler: which of them are at work, and for what there is a place beside them."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet

from darkroomd.core.export_plan import BACKGROUND
from darkroomd.core.model import Claim, Job, JobId, JobKind, PhotoId, SessionId
from darkroomd.core.precedence import InWork
from darkroomd.services.hand import Hand
from darkroomd.services.turnstile import Turnstile
from darkroomd.store.queue import Kinds


class Hands:
    """The hands at work. Those that publish are inside the turnstile until they are put down."""

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile
        self._by_fence: dict[int, Hand] = {}

    @property
    def at_work(self) -> Collection[Hand]:
        """All of them, those that were picked up first before the others."""
        return self._by_fence.values()

    @property
    def developing(self) -> list[Hand]:
        """Those that do not archive."""
        return [hand for hand in self.at_work if hand.claim.job.kind is not JobKind.ARCHIVE]

    @property
    def sessions(self) -> AbstractSet[SessionId]:
        """The sessions whose photos are in work."""
        return {hand.claim.session.id for hand in self.at_work}

    def in_work(self) -> list[InWork]:
        """Return what is in work, as far as it matters to what makes way."""
        return [
            InWork(fence, hand.claim.job.kind, hand.claim.job.priority)
            for fence, hand in self._by_fence.items()
        ]

    def with_fences(self, fences: Collection[int]) -> list[Hand]:
        """Return those that work on these claims."""
        return [hand for fence, hand in self._by_fence.items() if fence in fences]

    def on_item(self, item_id: int | None) -> Hand | None:
        """Return the one that works on an item; None: nobody does."""
        return next((hand for hand in self.at_work if hand.claim.item.id == item_id), None)

    def on_jobs(self, job_ids: Collection[JobId] | None) -> list[Hand]:
        """Return those that work for one of the jobs; None: for any."""
        return [hand for hand in self.at_work if job_ids is None or hand.claim.job.id in job_ids]

    def in_background(self, photo_ids: Collection[PhotoId]) -> list[Hand]:
        """Return those that work on one of the photos although nobody asked for it."""
        return [
            hand
            for hand in self.at_work
            if hand.claim.job.kind in BACKGROUND and hand.claim.photo.id in photo_ids
        ]

    def is_first_of_its_job(self, hand: Hand) -> bool:
        """Tell whether nobody works for the same job on an earlier claim."""
        return all(
            other.claim.job.id != hand.claim.job.id
            for fence, other in self._by_fence.items()
            if fence < hand.claim.fence
        )

    def places(self, workers: int, *, archive_waits: bool, leaving: Hand | None = None) -> Kinds | None:
        """Return what so many workers have a place for once a hand has left; None: there is none.

        Archives have a place of their own: a disk that is slow, or does not answer, keeps no worker waiting.
        """
        hands = [hand for hand in self.at_work if hand is not leaving]
        archives = sum(hand.claim.job.kind is JobKind.ARCHIVE for hand in hands)
        if len(hands) - archives < workers:
            return Kinds.NO_ARCHIVES if archives else Kinds.ANY
        return Kinds.AN_ARCHIVE_THAT_IS_FIRST if archive_waits and not archives else None

    def learn(self, job: Job) -> None:
        """Take note of how far a job is."""
        for hand in self.at_work:
            hand.learn(job)

    def pick_up(self, claim: Claim, *, begun_at: float) -> Hand:
        """Return the hand that works on a claim from now on."""
        hand = Hand(claim, begun_at=begun_at)
        self._by_fence[claim.fence] = hand
        if claim.job.kind is not JobKind.ARCHIVE:
            # Copies publish nothing, and may take as long as another disk does.
            self._turnstile.enter(claim.fence)
        return hand

    def hand_on(self, hand: Hand, following: Claim, *, begun_at: float) -> None:
        """Let what was taken along with the end of a hand's work take its place; it is put down later."""
        del self._by_fence[hand.claim.fence]
        hand.following = self.pick_up(following, begun_at=begun_at)

    def put_down(self, hand: Hand) -> None:
        """Note that it is recorded how the work ended."""
        self._by_fence.pop(hand.claim.fence, None)
        self._turnstile.leave(hand.claim.fence)
        hand.over.set()
