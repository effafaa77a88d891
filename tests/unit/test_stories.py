from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import pytest

from darkroomd.core.story import LogLine, Subject
from darkroomd.services.stories import MOST_LINES, Stories


def tell(stories: Stories, *items: int | None, story: str = "c", job: int | None = None) -> None:
    for item in items:
        event = {"event": "told", "level": "info", "correlation_id": story, "item": item, "job": job}
        stories(None, "info", event)


def items_of(lines: Iterable[LogLine]) -> list[int | None]:
    return [line.item_id for line in lines]


def test_lines_are_kept_in_order_until_they_are_taken() -> None:
    stories = Stories(lambda: 7)

    tell(stories, 1, None, 2)

    assert items_of(stories.told_of(Subject("c"))) == [1, None, 2]
    assert items_of(stories.take("c")) == [1, None, 2]
    assert (stories.told_of(Subject("c")), stories.take("c")) == ((), ())


def test_an_item_that_says_much_takes_no_line_from_others_of_its_job() -> None:
    stories = Stories(lambda: 7)

    tell(stories, *[1] * (MOST_LINES + 5), 2)

    assert items_of(stories.take("c")) == [*[1] * MOST_LINES, 2]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(Subject("a"), [None, 1, 5], id="a-story"),
        pytest.param(Subject(job_id=7), [1, 2, 3, 5], id="a-job-in-order-of-time"),
        pytest.param(Subject(item_id=2), [2], id="an-item"),
        pytest.param(Subject(job_id=9), [], id="a-job-that-nothing-is-told-of"),
        pytest.param(Subject(item_id=9), [], id="an-item-that-nothing-is-told-of"),
    ],
)
def test_lines_are_found_by_what_they_are_about(subject: Subject, expected: list[int | None]) -> None:
    clock = count(1)
    stories = Stories(lambda: next(clock))

    tell(stories, None, story="a")
    tell(stories, 1, story="a", job=7)
    tell(stories, 2, story="b", job=7)
    tell(stories, 3, story="c", job=7)
    tell(stories, 4, story="b", job=8)
    tell(stories, 5, story="a", job=7)

    assert items_of(stories.told_of(subject)) == expected
