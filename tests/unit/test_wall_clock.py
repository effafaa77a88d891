from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from darkroomd.core.intake import arriving_photo
from darkroomd.core.model import CorrelationId, Counts, Fingerprint, Session, SessionId
from darkroomd.core.wall_clock import wall_clock_usec

SESSION = Session(SessionId("s"), "party", Path("/party"), None, Counts(), 0, 0, 1)
PHOTO = arriving_photo(
    SESSION,
    "A.NEF",
    Fingerprint(1, 2, 3, 4, 5),
    correlation_id=CorrelationId("c"),
    arrived_at_usec=0,
)
HOUR_USEC = 3_600_000_000


@pytest.mark.parametrize(
    ("captured_at_usec", "corrected_at_usec", "zone_minutes", "expected"),
    [
        pytest.param(7, None, 60, HOUR_USEC + 7, id="the-cameras-time"),
        pytest.param(7, None, -90, 7 - HOUR_USEC * 3 // 2, id="behind-utc"),
        pytest.param(7, 9, 60, HOUR_USEC + 9, id="corrected"),
        pytest.param(None, 9, None, 9, id="known-to-people-alone"),
        pytest.param(7, None, None, 7, id="no-offset-is-utc"),
        pytest.param(None, None, 60, None, id="not-known"),
    ],
)
def test_a_photo_has_the_time_of_the_place_where_it_was_taken(
    captured_at_usec: int | None,
    corrected_at_usec: int | None,
    zone_minutes: int | None,
    expected: int | None,
) -> None:
    photo = replace(
        PHOTO,
        captured_at_usec=captured_at_usec,
        corrected_at_usec=corrected_at_usec,
        zone_minutes=zone_minutes,
    )

    assert wall_clock_usec(photo) == expected
