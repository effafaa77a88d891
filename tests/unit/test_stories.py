from __future__ import annotations

from collections.abc import Iterable

from darkroomd.core.story import LogLine
from darkroomd.services.stories import MOST_LINES, Stories


def tell(stories: Stories, *items: int | None) -> None:
    for item in items:
        stories(None, "info", {"event": "told", "level": "info", "correlation_id": "c", "item": item})


def items_of(lines: Iterable[LogLine]) -> list[int | None]:
    return [line.item_id for line in lines]


def test_lines_are_kept_in_order_until_they_are_taken() -> None:
    stories = Stories(lambda: 7)

    tell(stories, 1, None, 2)

    assert items_of(stories.told_of("c")) == [1, None, 2]
    assert items_of(stories.take("c")) == [1, None, 2]
    assert (stories.told_of("c"), stories.take("c")) == ((), ())


def test_an_item_that_says_much_takes_no_line_from_others_of_its_job() -> None:
    stories = Stories(lambda: 7)

    tell(stories, *[1] * (MOST_LINES + 5), 2)

    assert items_of(stories.take("c")) == [*[1] * MOST_LINES, 2]
