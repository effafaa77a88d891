"""Which hands are at work, and for what there is a place beside them."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from darkroom.protocol.types import ItemState, JobState, Priority
from darkroomd.core.intake import arriving_photo
from darkroomd.core.model import (
    Claim,
    CorrelationId,
    Counts,
    Fingerprint,
    Item,
    ItemId,
    Job,
    JobId,
    JobKind,
    Progress,
    Session,
    SessionId,
)
from darkroomd.services.hands import Hands
from darkroomd.services.turnstile import Turnstile
from darkroomd.store.queue import Kinds

pytestmark = pytest.mark.anyio

STORY = CorrelationId("c")
SESSION = Session(SessionId("s"), "s", Path("/s"), None, Counts(), 0, 0, 0)


def job(number: int, kind: JobKind) -> Job:
    return Job(
        id=JobId(number),
        kind=kind,
        state=JobState.RUNNING,
        state_reasons=(),
        priority=Priority.NORMAL,
        position=None,
        session_id=SESSION.id,
        label="",
        creator=None,
        creator_uid=None,
        progress=Progress(),
        failure=None,
        correlation_id=STORY,
        created_at_usec=0,
        started_at_usec=0,
        ended_at_usec=None,
        revision=0,
    )


def claim(fence: int, kind: JobKind = JobKind.DEVELOP, *, of_job: int = 1) -> Claim:
    photo = arriving_photo(
        SESSION, f"{fence}.NEF", Fingerprint(1, fence, 9, 5, 6), correlation_id=STORY, arrived_at_usec=0
    )
    item = Item(
        id=ItemId(100 + fence),
        job_id=JobId(of_job),
        photo_id=photo.id,
        recipe="jpg",
        state=ItemState.RUNNING,
        attempt=1,
        fence=fence,
        retry_at_usec=None,
        failure=None,
        outputs=(),
        correlation_id=STORY,
        started_at_usec=0,
        ended_at_usec=None,
    )
    return Claim(item, job(of_job, kind), photo, SESSION, fence)


def hands_with(*kinds: JobKind) -> Hands:
    hands = Hands(Turnstile())
    for fence, kind in enumerate(kinds, start=1):
        hands.pick_up(claim(fence, kind), begun_at=0.0)
    return hands


@pytest.mark.parametrize(
    ("at_work", "archive_waits", "expected"),
    [
        pytest.param((), False, Kinds.ANY, id="nobody-at-work"),
        pytest.param((JobKind.DEVELOP,), False, Kinds.ANY, id="one-of-two-at-work"),
        pytest.param((JobKind.DEVELOP, JobKind.EXPORT), False, None, id="all-at-work"),
        pytest.param(
            (JobKind.DEVELOP, JobKind.EXPORT), True, Kinds.AN_ARCHIVE_THAT_IS_FIRST, id="archive-waits"
        ),
        pytest.param((JobKind.ARCHIVE,), True, Kinds.NO_ARCHIVES, id="archive-at-work"),
        pytest.param(
            (JobKind.ARCHIVE, JobKind.DEVELOP), False, Kinds.NO_ARCHIVES, id="archive-keeps-no-worker-waiting"
        ),
        pytest.param((JobKind.ARCHIVE, JobKind.DEVELOP, JobKind.DEVELOP), True, None, id="no-place-left"),
    ],
)
async def test_archives_have_a_place_of_their_own(
    at_work: tuple[JobKind, ...], *, archive_waits: bool, expected: Kinds | None
) -> None:
    hands = hands_with(*at_work)

    assert hands.places(2, archive_waits=archive_waits) is expected


async def test_a_hand_that_leaves_makes_a_place() -> None:
    hands = hands_with(JobKind.DEVELOP, JobKind.DEVELOP)
    [first, _] = hands.at_work

    assert hands.places(2, archive_waits=False, leaving=first) is Kinds.ANY


async def test_only_work_that_nobody_asked_for_is_in_the_background() -> None:
    hands = hands_with(JobKind.EXPORT, JobKind.BACKFILL)
    [asked, unasked] = hands.at_work

    found = hands.in_background({asked.claim.photo.id, unasked.claim.photo.id})

    assert hands.in_background({asked.claim.photo.id}) == []
    assert found == [unasked]


async def test_the_earliest_claim_of_each_job_is_the_first() -> None:
    hands = Hands(Turnstile())
    picked = [
        hands.pick_up(claim(fence, of_job=of_job), begun_at=0.0) for fence, of_job in ((1, 1), (2, 1), (3, 2))
    ]

    assert [hands.is_first_of_its_job(hand) for hand in picked] == [True, False, True]


async def test_what_was_taken_along_takes_the_place_and_publishes_after_what_it_follows() -> None:
    turnstile = Turnstile()
    hands = Hands(turnstile)
    hand = hands.pick_up(claim(1), begun_at=0.0)

    hands.hand_on(hand, claim(2), begun_at=1.0)
    with anyio.move_on_after(0) as too_early:
        await turnstile.turn(2)
    hands.put_down(hand)
    with anyio.fail_after(5):
        await turnstile.turn(2)

    assert too_early.cancelled_caught
    assert hand.over.is_set()
    assert list(hands.at_work) == [hand.following]
