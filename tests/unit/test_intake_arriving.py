"""Photos that still arrive, page by page."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.intake import arriving_page, arriving_photo, is_arriving_cursor
from darkroomd.core.model import CorrelationId, Counts, Fingerprint, Photo, Session, SessionId

SESSION = Session(SessionId("s"), "party", Path("/party"), None, Counts(), 0, 0, 1)


def arriving(name: str, *, at_usec: int) -> Photo:
    fingerprint = Fingerprint(device=1, inode=1, size_bytes=9, mtime_ns=5, ctime_ns=5)
    return arriving_photo(
        SESSION, name, fingerprint, correlation_id=CorrelationId("c"), arrived_at_usec=at_usec
    )


@given(times=st.lists(st.integers(0, 2**60), max_size=12), limit=st.integers(1, 5))
def test_every_photo_is_on_one_page_in_the_order_in_which_they_came(times: list[int], limit: int) -> None:
    photos = [arriving(f"{number}.NEF", at_usec=at_usec) for number, at_usec in enumerate(times)]
    listed: list[Photo] = []
    cursor = None

    while (page := arriving_page(photos, cursor=cursor, limit=limit)).entries:
        assert len(page.entries) <= limit
        assert is_arriving_cursor(cursor)
        listed += page.entries
        cursor = page.next_cursor

    assert sorted(listed, key=lambda photo: photo.name) == sorted(photos, key=lambda photo: photo.name)
    assert [photo.arrived_at_usec for photo in listed] == sorted(times)


def test_a_list_of_photos_in_the_queue_goes_on_by_itself() -> None:
    assert [is_arriving_cursor(cursor) for cursor in (None, "12", "")] == [True, False, False]
