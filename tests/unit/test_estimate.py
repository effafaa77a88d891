from __future__ import annotations

from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.estimate import KEPT, Developed, Rate, remaining_usec

PHOTO = Developed(raw_bytes=25_000_000, busy_usec=1_000_000)

photos = st.builds(Developed, raw_bytes=st.integers(1, 10**9), busy_usec=st.integers(0, 10**9))


def rate_of(*developed: Developed) -> Rate:
    return reduce(Rate.after, developed, Rate())


@pytest.mark.parametrize(
    ("developed", "waiting_count", "waiting_bytes", "expected"),
    [
        pytest.param([], 4, 100_000_000, None, id="nothing-known"),
        pytest.param([PHOTO] * 2, 4, 100_000_000, None, id="too-little-known"),
        pytest.param([], 0, 0, 0, id="nothing-waits"),
        pytest.param([PHOTO] * 3, 0, None, 0, id="nothing-waits-and-sizes-are-unknown"),
        pytest.param([PHOTO] * 3, 4, 100_000_000, 4_000_000, id="by-size"),
        pytest.param([PHOTO] * 3, 4, 50_000_000, 2_000_000, id="smaller-photos-are-quicker"),
        pytest.param([PHOTO] * 3, 4, None, 4_000_000, id="by-number"),
        pytest.param([PHOTO] * 3, 10**6, 25 * 10**12, 10**12, id="many"),
        pytest.param([Developed(1, 0)] * 3, 4, 100, 0, id="too-quick-to-measure"),
    ],
)
def test_the_time_left_is_what_the_newest_photos_say(
    developed: list[Developed], waiting_count: int, waiting_bytes: int | None, expected: int | None
) -> None:
    remaining = remaining_usec(rate_of(*developed), waiting_count=waiting_count, waiting_bytes=waiting_bytes)

    assert remaining == expected


@pytest.mark.parametrize("odd", [Developed(0, 10), Developed(-1, 10), Developed(10, -1)])
def test_a_photo_without_a_size_or_with_time_running_backwards_tells_nothing(odd: Developed) -> None:
    assert rate_of(PHOTO, odd) == Rate((PHOTO,))


def test_only_the_newest_photos_count() -> None:
    slow = Developed(raw_bytes=25_000_000, busy_usec=9_000_000)

    rate = rate_of(*[slow] * 100, *[PHOTO] * KEPT)

    assert rate == Rate((PHOTO,) * KEPT)


@given(odd=st.lists(photos, max_size=KEPT // 2), order=st.randoms(use_true_random=False))
def test_photos_that_took_much_longer_or_shorter_do_not_matter(odd: list[Developed], order: Random) -> None:
    developed = [*odd, *[PHOTO] * (KEPT - len(odd))]
    order.shuffle(developed)

    remaining = remaining_usec(rate_of(*developed), waiting_count=2, waiting_bytes=50_000_000)

    assert remaining == 2_000_000


@given(developed=st.lists(photos, min_size=3), waiting=st.integers(1, 10**6), more=st.integers(0, 10**6))
def test_more_to_do_never_takes_less_time(developed: list[Developed], waiting: int, more: int) -> None:
    rate = rate_of(*developed)

    by_size = [
        remaining_usec(rate, waiting_count=1, waiting_bytes=size) for size in (waiting, waiting + more)
    ]
    by_number = [
        remaining_usec(rate, waiting_count=count, waiting_bytes=None) for count in (waiting, waiting + more)
    ]

    assert by_size == sorted(by_size, key=lambda remaining: remaining or 0)
    assert by_number == sorted(by_number, key=lambda remaining: remaining or 0)
