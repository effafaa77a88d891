from __future__ import annotations

from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.estimate import KEPT, Developed, Rate, rate_of, remaining_usec
from darkroomd.core.model import Progress
from darkroomd.core.statistics import Sample

PHOTO = Developed(pixels=24_000_000, busy_usec=1_200_000)

SMALL = Developed(pixels=4_000_000, busy_usec=200_000)

photos = st.builds(Developed, pixels=st.integers(1, 10**9), busy_usec=st.integers(0, 10**9))
progresses = st.builds(
    Progress, total=st.integers(1, 10**6), sized=st.integers(0, 10**6), sized_pixels=st.integers(1, 10**13)
)


def after(*developed: Developed) -> Rate:
    return reduce(Rate.after, developed, Rate())


def sample(*, pixels: int | None = 24_000_000, failed: bool = False, busy_usec: int = 1_200_000) -> Sample:
    return Sample(
        ended_at_usec=1,
        session="s",
        preset=None,
        camera="",
        failed=failed,
        bytes_read=1,
        bytes_written=1,
        busy_usec=busy_usec,
        latency_usec=1,
        pixels=pixels,
    )


@pytest.mark.parametrize(
    ("developed", "progress", "expected"),
    [
        pytest.param([], Progress(total=4), None, id="nothing-known"),
        pytest.param([PHOTO] * 2, Progress(total=4), None, id="too-little-known"),
        pytest.param([], Progress(total=4, completed=3, failed=1), 0, id="nothing-waits"),
        pytest.param([PHOTO] * 3, Progress(), 0, id="there-is-nothing"),
        pytest.param([PHOTO] * 3, Progress(total=4), 4_800_000, id="new-photos-are-like-the-newest"),
        pytest.param(
            [PHOTO] * 3, Progress(total=2, sized=2, sized_pixels=24_000_000), 1_200_000, id="by-their-sizes"
        ),
        pytest.param(
            [PHOTO] * 3, Progress(total=3, sized=1, sized_pixels=12_000_000), 3_000_000, id="some-are-known"
        ),
        pytest.param(
            [PHOTO] * 3, Progress(total=9, completed=4, skipped=2, canceled=1), 2_400_000, id="some-are-over"
        ),
        pytest.param([PHOTO] * 3, Progress(total=10**6), 12 * 10**11, id="many"),
        pytest.param([Developed(1, 0)] * 3, Progress(total=4), 0, id="too-quick-to-measure"),
        pytest.param([PHOTO] * 3, Progress(total=4, sized=4), None, id="only-copies"),
    ],
)
def test_the_time_left_is_what_the_newest_photos_say(
    developed: list[Developed], progress: Progress, expected: int | None
) -> None:
    assert remaining_usec(after(*developed), progress) == expected


@pytest.mark.parametrize("newest", [PHOTO, SMALL], ids=["large", "small"])
def test_photos_of_two_cameras_that_take_turns_count_as_those_of_both(newest: Developed) -> None:
    rate = after(*[PHOTO, SMALL] * KEPT, newest)

    remaining = remaining_usec(rate, Progress(total=100))

    assert remaining == pytest.approx(50 * (PHOTO.busy_usec + SMALL.busy_usec), rel=0.1)


@pytest.mark.parametrize(
    ("workers", "waiting", "expected"),
    [
        pytest.param(1, 8, 9_600_000, id="one"),
        pytest.param(2, 8, 4_800_000, id="two"),
        pytest.param(4, 2, 1_200_000, id="no-more-than-there-are-photos"),
    ],
)
def test_workers_share_the_time(workers: int, waiting: int, expected: int) -> None:
    assert remaining_usec(after(*[PHOTO] * 3), Progress(total=waiting), workers=workers) == expected


@pytest.mark.parametrize("odd", [Developed(0, 10), Developed(-1, 10), Developed(10, -1)])
def test_a_photo_without_a_size_or_with_time_running_backwards_tells_nothing(odd: Developed) -> None:
    assert after(PHOTO, odd) == Rate((PHOTO,))


def test_only_the_newest_photos_count() -> None:
    slow = Developed(pixels=24_000_000, busy_usec=9_000_000)

    rate = after(*[slow] * 100, *[PHOTO] * KEPT)

    assert rate == Rate((PHOTO,) * KEPT)


def test_the_rate_is_taken_up_again_from_what_is_kept() -> None:
    kept = [sample(busy_usec=5), sample(pixels=None), sample(failed=True), sample(), sample(pixels=0)]

    rate = rate_of(kept)

    assert rate == Rate((Developed(24_000_000, 5), PHOTO))


@given(odd=st.lists(photos, max_size=KEPT // 2), order=st.randoms(use_true_random=False))
def test_photos_that_took_much_longer_or_shorter_do_not_matter(odd: list[Developed], order: Random) -> None:
    developed = [*odd, *[PHOTO] * (KEPT - len(odd))]
    order.shuffle(developed)

    remaining = remaining_usec(after(*developed), Progress(total=2, sized=2, sized_pixels=48_000_000))

    assert remaining == 2_400_000


@given(developed=st.lists(photos, min_size=3), progress=progresses, more=st.integers(0, 10**6))
def test_more_to_do_never_takes_less_time(developed: list[Developed], progress: Progress, more: int) -> None:
    rate = after(*developed)
    longer = Progress(
        total=progress.total + more, sized=progress.sized, sized_pixels=progress.sized_pixels + more
    )

    remaining, remaining_longer = remaining_usec(rate, progress), remaining_usec(rate, longer)

    assert remaining is not None
    assert remaining_longer is not None
    assert 0 <= remaining <= remaining_longer


@given(developed=st.lists(photos, max_size=2), progress=progresses)
def test_nothing_is_said_before_enough_photos_were_developed(
    developed: list[Developed], progress: Progress
) -> None:
    assert remaining_usec(after(*developed), progress) is None
