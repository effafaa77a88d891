from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroomd.core.schedule import Span, WindowInvalid, Windows, is_open, next_change, parse_windows

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)

JUMPS = [
    pytest.param(zone, day, id=f"{zone}-{day}")
    for zone, day in (
        ("Europe/Berlin", date(2025, 3, 30)),
        ("Europe/Berlin", date(2025, 10, 26)),
        ("America/St_Johns", date(2006, 10, 29)),  # at a minute past midnight
        ("America/Sao_Paulo", date(2018, 11, 4)),  # leaves out midnight
        ("Australia/Lord_Howe", date(2025, 4, 6)),  # by half an hour
        ("Antarctica/Troll", date(2025, 3, 30)),  # by two hours
        ("Pacific/Apia", date(2011, 12, 30)),  # leaves out the day
        ("Asia/Pyongyang", date(2018, 5, 5)),  # at half past eleven in the evening
    )
]

minutes = st.integers(0, 24 * 60 - 1)
windows_of_a_day = st.lists(st.tuples(minutes, minutes), min_size=1, max_size=4).map(
    lambda pairs: [f"{clock(start)}-{clock(end)}" for start, end in pairs]
)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def berlin(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("texts", "spans"),
    [
        pytest.param([], [], id="none"),
        pytest.param(["12:00-13:00"], [(720, 780)], id="one"),
        pytest.param(["22:00-07:00"], [(0, 420), (1320, 1440)], id="over-midnight"),
        pytest.param(["22:00-24:00"], [(1320, 1440)], id="until-the-end-of-the-day"),
        pytest.param(["22:00-00:00"], [(1320, 1440)], id="until-midnight"),
        pytest.param(["00:00-24:00"], [(0, 1440)], id="whole-day"),
        pytest.param(["09:30-09:30"], [(0, 1440)], id="equal-ends"),
        pytest.param(["12:00-13:00", "12:00-13:00"], [(720, 780)], id="twice"),
        pytest.param(["12:30-14:00", "12:00-13:00"], [(720, 840)], id="overlapping"),
        pytest.param(["12:00-18:00", "13:00-14:00"], [(720, 1080)], id="one-inside-the-other"),
        pytest.param(["12:00-13:00", "13:00-14:00"], [(720, 840)], id="touching"),
        pytest.param(["12:00-00:00", "00:00-12:00"], [(0, 1440)], id="whole-day-in-two"),
        pytest.param([" 7:00 - 8:05 "], [(420, 485)], id="loosely-written"),
    ],
)
def test_windows_are_read_in_order_and_merged(texts: list[str], spans: list[tuple[int, int]]) -> None:
    assert parse_windows(texts) == Windows(tuple(Span(*span) for span in spans))


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        pytest.param("", 'write it as "22:00-07:00"', id="empty"),
        pytest.param("at night", 'write it as "22:00-07:00"', id="words"),
        pytest.param("22-7", 'write it as "22:00-07:00"', id="no-minutes"),
        pytest.param("22:00-07:00\n08:00", 'write it as "22:00-07:00"', id="two-lines"),
        pytest.param("٢٢:00-07:00", 'write it as "22:00-07:00"', id="other-digits"),
        pytest.param("-1:00-07:00", 'write it as "22:00-07:00"', id="negative"),
        pytest.param("22:60-07:00", "there is no 22:60", id="no-such-minute"),
        pytest.param("22:00-24:01", "there is no 24:01", id="after-the-end-of-the-day"),
        pytest.param("99:99-07:00", "there is no 99:99", id="no-such-hour"),
        pytest.param("24:00-07:00", "is from 00:00", id="begins-at-24"),
    ],
)
def test_a_window_that_is_none_is_named_with_what_would_be_right(text: str, remedy: str) -> None:
    with pytest.raises(WindowInvalid) as caught:
        parse_windows(["12:00-13:00", text])

    assert caught.value.text == text
    assert remedy in caught.value.problem
    assert str(caught.value) == f"The window {text!r} is not right: {caught.value.problem}."


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param("21:59:59.999999", False, id="just-before"),
        pytest.param("22:00", True, id="at-the-start"),
        pytest.param("00:00", True, id="at-midnight"),
        pytest.param("06:59:59.999999", True, id="just-before-the-end"),
        pytest.param("07:00", False, id="at-the-end"),
    ],
)
def test_a_window_over_midnight_is_open_from_its_start_to_before_its_end(shown: str, expected: bool) -> None:
    assert is_open(parse_windows(["22:00-07:00"]), berlin(f"2025-06-01T{shown}")) is expected


@pytest.mark.parametrize(
    ("texts", "now", "expected"),
    [
        pytest.param(["22:00-07:00"], berlin("2025-06-01T12:00"), "2025-06-01T20:00", id="opens"),
        pytest.param(["22:00-07:00"], berlin("2025-06-01T22:00"), "2025-06-02T05:00", id="closes"),
        pytest.param(
            ["22:00-07:00"], berlin("2025-06-01T07:00"), "2025-06-01T20:00", id="at-the-end-already"
        ),
        pytest.param(["22:00-07:00"], berlin("2025-03-29T22:00"), "2025-03-30T05:00", id="shorter-night"),
        pytest.param(["22:00-07:00"], berlin("2025-10-25T22:00"), "2025-10-26T06:00", id="longer-night"),
        # 02:00 to 02:59 are not on the clock that night: it goes from 02:00 winter to 03:00 summer time
        pytest.param(
            ["02:15-02:45"], berlin("2025-03-30T00:00"), "2025-03-31T00:15", id="inside-the-skipped"
        ),
        pytest.param(["02:30-04:00"], berlin("2025-03-30T00:00"), "2025-03-30T01:00", id="begins-skipped"),
        pytest.param(["01:00-02:30"], berlin("2025-03-30T01:00"), "2025-03-30T01:00", id="ends-skipped"),
        # 02:00 to 02:59 come twice
        pytest.param(["02:15-02:45"], berlin("2025-10-26T00:00"), "2025-10-26T00:15", id="first-time"),
        pytest.param(["02:15-02:45"], berlin("2025-10-26T02:15"), "2025-10-26T00:45", id="closes-first-time"),
        pytest.param(["02:15-02:45"], berlin("2025-10-26T02:45"), "2025-10-26T01:15", id="second-time"),
        pytest.param(
            ["02:15-02:45"], berlin("2025-10-26T02:15", fold=1), "2025-10-26T01:45", id="closes-second-time"
        ),
        pytest.param(
            ["02:15-02:45"], berlin("2025-10-26T02:45", fold=1), "2025-10-27T01:15", id="next-day-again"
        ),
        pytest.param(["22:00-02:30"], berlin("2025-10-26T02:30"), "2025-10-26T01:00", id="opens-by-the-jump"),
        pytest.param(
            ["22:00-24:00"],
            datetime(2011, 12, 29, 12, tzinfo=ZoneInfo("Pacific/Apia")),
            "2011-12-30T08:00",
            id="before-a-day-left-out",
        ),
        pytest.param(
            ["12:00-13:00"],
            datetime(2011, 12, 29, 13, tzinfo=ZoneInfo("Pacific/Apia")),
            "2011-12-30T22:00",
            id="over-a-day-left-out",
        ),
    ],
)
def test_the_next_change_is_exact_also_where_the_clock_jumps(
    texts: list[str], now: datetime, expected: str
) -> None:
    assert next_change(parse_windows(texts), now) == utc(expected)


@pytest.mark.parametrize("texts", [[], ["00:00-24:00"], ["08:00-20:00", "20:00-08:00"]])
def test_windows_without_an_end_are_always_open_and_never_change(texts: list[str]) -> None:
    now = berlin("2025-03-30T01:59")

    assert is_open(parse_windows(texts), now)
    assert next_change(parse_windows(texts), now) is None


@pytest.mark.parametrize(("zone", "day"), JUMPS)
@settings(max_examples=30)
@given(texts=windows_of_a_day, away=st.timedeltas(timedelta(days=-2), timedelta(days=2)))
def test_nothing_opens_or_closes_before_the_next_change(
    zone: str, day: date, texts: list[str], away: timedelta
) -> None:
    windows, clocks = parse_windows(texts), ZoneInfo(zone)
    start = datetime.combine(day, time(), UTC) + away

    change = next_change(windows, start.astimezone(clocks))

    state = is_open(windows, start.astimezone(clocks))
    seen = start if change is None else change - timedelta(microseconds=1)
    whole_minutes = (seen - start) // MINUTE
    steps = [start + MINUTE * number for number in range(0, whole_minutes, 7)]
    assert all(is_open(windows, at.astimezone(clocks)) is state for at in [*steps, seen])
    assert windows.never_close is (change is None)


@pytest.mark.parametrize(("zone", "day"), JUMPS)
@settings(max_examples=30)
@given(texts=windows_of_a_day, away=st.timedeltas(timedelta(days=-2), timedelta(days=2)))
def test_the_next_change_is_later_and_flips_the_windows(
    zone: str, day: date, texts: list[str], away: timedelta
) -> None:
    windows, clocks = parse_windows(texts), ZoneInfo(zone)
    now = (datetime.combine(day, time(), UTC) + away).astimezone(clocks)

    change = next_change(windows, now) or now

    assert windows.never_close or change > now.astimezone(UTC)
    assert windows.never_close or is_open(windows, change.astimezone(clocks)) is not is_open(windows, now)


class Stopped(tzinfo):
    """A clock that always shows noon."""

    def utcoffset(self, _dt: datetime | None) -> timedelta:
        return timedelta()

    def dst(self, _dt: datetime | None) -> timedelta:
        return timedelta()

    def tzname(self, _dt: datetime | None) -> str:
        return "stopped"

    def fromutc(self, dt: datetime) -> datetime:
        return dt.replace(hour=12, minute=0, second=0, microsecond=0)


def test_a_clock_that_never_shows_the_window_ends_the_search() -> None:
    noon = datetime(2025, 6, 1, 12, tzinfo=Stopped())

    assert next_change(parse_windows(["22:00-07:00"]), noon) is None
