from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.cli.times import TimeUnreadable, coming_usec, duration_usec, past_usec

EAST = timezone(timedelta(hours=2))
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def usec(year: int, month: int, day: int, hour: int, minute: int, *, zone: timezone = EAST) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=zone).timestamp()) * SECOND


NOW = usec(2024, 5, 4, 14, 3) + 21 * SECOND + 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("90s", 90 * SECOND, id="seconds"),
        pytest.param("10m", 10 * MINUTE, id="minutes"),
        pytest.param("10min", 10 * MINUTE, id="minutes-in-full"),
        pytest.param("2h", 2 * HOUR, id="hours"),
        pytest.param("1d", DAY, id="a-day"),
        pytest.param("2w", 14 * DAY, id="weeks"),
        pytest.param("1h30m", 90 * MINUTE, id="in-parts"),
        pytest.param("0s", 0, id="nothing"),
    ],
)
def test_a_duration_is_a_number_and_its_unit(text: str, expected: int) -> None:
    assert duration_usec(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("90", id="no-unit"),
        pytest.param("-1h", id="negative"),
        pytest.param("1.5h", id="fraction"),
        pytest.param("1y", id="unknown-unit"),
        pytest.param("1h ", id="with-space"),
        pytest.param("1h\n", id="with-line-break"),
        pytest.param("٣h", id="other-digits"),
        pytest.param("9" * 5000 + "h", id="endless"),
        pytest.param("999999999w", id="longer-than-history"),
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(TimeUnreadable) as raised:
        duration_usec(text)

    assert raised.value.exit_status == 2
    assert "a duration" in raised.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("90s", NOW + 90 * SECOND, id="duration"),
        pytest.param("22:30", usec(2024, 5, 4, 22, 30), id="today"),
        pytest.param("14:03", usec(2024, 5, 5, 14, 3), id="just-over"),
        pytest.param("9:00", usec(2024, 5, 5, 9, 0), id="tomorrow"),
        pytest.param("22:30:15", usec(2024, 5, 4, 22, 30) + 15 * SECOND, id="with-seconds"),
        pytest.param("2024-05-06", usec(2024, 5, 6, 0, 0), id="date"),
        pytest.param("2024-05-06T22:30", usec(2024, 5, 6, 22, 30), id="local"),
        pytest.param("2024-05-06 22:30", usec(2024, 5, 6, 22, 30), id="with-space"),
        pytest.param("2024-05-06T22:30Z", usec(2024, 5, 6, 22, 30, zone=UTC), id="universal"),
        pytest.param("2024-05-06T22:30:00.25+02:00", usec(2024, 5, 6, 22, 30) + 250_000, id="with-offset"),
    ],
)
def test_a_time_to_come_is_the_next_that_fits(text: str, expected: int) -> None:
    assert coming_usec(text, now_usec=NOW, zone=EAST) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("7d", NOW - 7 * DAY, id="duration"),
        pytest.param("22:30", usec(2024, 5, 3, 22, 30), id="yesterday"),
        pytest.param("9:00", usec(2024, 5, 4, 9, 0), id="today"),
        pytest.param("2024-05-01", usec(2024, 5, 1, 0, 0), id="date"),
        pytest.param("2025-01-01", usec(2025, 1, 1, 0, 0), id="date-to-come"),
    ],
)
def test_a_time_looking_back_is_the_last_that_fits(text: str, expected: int) -> None:
    assert past_usec(text, now_usec=NOW, zone=EAST) == expected


@pytest.mark.parametrize("read", [pytest.param(coming_usec, id="coming"), pytest.param(past_usec, id="past")])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("soon", id="word"),
        pytest.param("24:00", id="no-such-hour"),
        pytest.param("22:60", id="no-such-minute"),
        pytest.param("2024-13-01", id="no-such-month"),
        pytest.param("10000-01-01", id="year-of-five-digits"),
        pytest.param("\udcff", id="not-utf-8"),
    ],
)
def test_what_is_no_time_is_refused(read: Callable[..., int], text: str) -> None:
    with pytest.raises(TimeUnreadable, match="is not a time such as"):
        read(text, now_usec=NOW, zone=EAST)


def test_nothing_can_be_put_off_until_a_time_that_is_over() -> None:
    with pytest.raises(TimeUnreadable, match="is not a time to come"):
        coming_usec("2024-05-01", now_usec=NOW, zone=EAST)


@given(text=st.text(alphabet="0123456789smhdw:-T.Z+ ", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        coming = coming_usec(text, now_usec=NOW)
    except TimeUnreadable:
        coming = NOW + 1

    assert NOW <= coming < 2**63


@pytest.fixture
def _central_europe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_central_europe")
def test_the_next_morning_is_an_hour_earlier_when_the_clocks_go_forward() -> None:
    evening = usec(2024, 3, 30, 22, 0, zone=timezone(timedelta(hours=1)))

    assert coming_usec("8:00", now_usec=evening) - evening == 9 * HOUR
