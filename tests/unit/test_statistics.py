from __future__ import annotations

import statistics
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.protocol.types import Statistic
from darkroomd.core.intake import arriving_photo
from darkroomd.core.model import (
    CorrelationId,
    Counts,
    Fingerprint,
    Inputs,
    Output,
    OutputId,
    Session,
    SessionId,
)
from darkroomd.core.statistics import Grouping, Sample, nearest_rank, summarize, was_developed

BERLIN = ZoneInfo("Europe/Berlin")


def usec(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


SAMPLE = Sample(
    ended_at_usec=usec("2025-06-01T14:30:00+02:00"),
    session="wedding",
    preset="warm",
    camera="Nikon Z 6",
    failed=False,
    bytes_read=25,
    bytes_written=5,
    busy_usec=1_000,
    latency_usec=5_000,
)

samples = st.builds(
    Sample,
    ended_at_usec=st.integers(usec("2025-01-01T00:00:00Z"), usec("2026-01-01T00:00:00Z")),
    session=st.sampled_from("abc"),
    preset=st.sampled_from(["x", "y", None]),
    camera=st.sampled_from(["", "Nikon"]),
    failed=st.booleans(),
    bytes_read=st.integers(0, 10**9),
    bytes_written=st.integers(0, 10**9),
    busy_usec=st.integers(0, 10**9),
    latency_usec=st.none() | st.integers(0, 10**9),
)


def test_a_group_has_the_sums_of_all_and_the_latencies_of_those_that_did_not_fail() -> None:
    good = [replace(SAMPLE, latency_usec=latency) for latency in (4_000, 1_000, 3_000, 2_000)]
    bad = replace(SAMPLE, failed=True, bytes_written=0, latency_usec=10**12)

    found = summarize([*good, bad], by=Grouping.DAY, zone=BERLIN)

    assert found == (
        Statistic(
            key="2025-06-01",
            photos=5,
            failed=1,
            bytes_read=125,
            bytes_written=20,
            busy_usec=5_000,
            median_usec=2_000,
            p95_usec=4_000,
        ),
    )


def test_a_group_in_which_all_failed_has_no_latency() -> None:
    (found,) = summarize([replace(SAMPLE, failed=True)], by=Grouping.DAY, zone=BERLIN)

    assert (found.photos, found.failed, found.median_usec, found.p95_usec) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("by", "key"),
    [
        pytest.param(Grouping.HOUR, "2025-06-01T14:00:00+02:00", id="hour"),
        pytest.param(Grouping.DAY, "2025-06-01", id="day"),
        pytest.param(Grouping.MONTH, "2025-06-01", id="month"),
        pytest.param(Grouping.PRESET, "warm", id="preset"),
        pytest.param(Grouping.CAMERA, "Nikon Z 6", id="camera"),
        pytest.param(Grouping.SESSION, "wedding", id="session"),
    ],
)
def test_a_key_is_the_start_of_the_interval_or_the_name(by: Grouping, key: str) -> None:
    (found,) = summarize([SAMPLE], by=by, zone=BERLIN)

    assert found.key == key


@pytest.mark.parametrize(
    ("by", "times", "keys"),
    [
        pytest.param(
            Grouping.HOUR,
            ["2025-10-26T02:30:00+01:00", "2025-10-26T02:30:00+02:00", "2025-10-26T03:00:00+01:00"],
            ["2025-10-26T02:00:00+02:00", "2025-10-26T02:00:00+01:00", "2025-10-26T03:00:00+01:00"],
            id="the-hour-that-comes-twice",
        ),
        pytest.param(
            Grouping.HOUR,
            ["2025-03-30T01:59:59+01:00", "2025-03-30T03:00:00+02:00"],
            ["2025-03-30T01:00:00+01:00", "2025-03-30T03:00:00+02:00"],
            id="the-hour-left-out",
        ),
        pytest.param(
            Grouping.DAY,
            ["2025-06-01T22:00:00Z", "2025-06-01T21:59:59Z"],
            ["2025-06-01", "2025-06-02"],
            id="midnight-is-local",
        ),
        pytest.param(
            Grouping.MONTH,
            ["2025-12-31T23:00:00Z", "2025-12-31T22:59:59Z"],
            ["2025-12-01", "2026-01-01"],
            id="so-is-new-year",
        ),
    ],
)
def test_intervals_are_local_and_in_order_of_time(by: Grouping, times: list[str], keys: list[str]) -> None:
    found = summarize([replace(SAMPLE, ended_at_usec=usec(time)) for time in times], by=by, zone=BERLIN)

    assert [statistic.key for statistic in found] == keys


def test_what_is_not_known_has_an_empty_name() -> None:
    unknown = replace(SAMPLE, preset=None, camera="")

    by_preset = summarize([SAMPLE, unknown], by=Grouping.PRESET, zone=BERLIN)
    by_camera = summarize([SAMPLE, unknown], by=Grouping.CAMERA, zone=BERLIN)

    assert [statistic.key for statistic in by_preset] == ["", "warm"]
    assert [statistic.key for statistic in by_camera] == ["", "Nikon Z 6"]


@pytest.mark.parametrize(
    ("count", "percent", "expected"),
    [
        pytest.param(0, 95, 0, id="of-none"),
        pytest.param(1, 50, 1, id="of-one"),
        pytest.param(2, 50, 1, id="median-of-two"),
        pytest.param(3, 50, 2, id="median-of-three"),
        pytest.param(19, 95, 19, id="p95-of-19"),
        pytest.param(20, 95, 19, id="p95-of-20"),
        pytest.param(21, 95, 20, id="p95-of-21"),
        pytest.param(100, 95, 95, id="p95-of-100"),
        pytest.param(100, 100, 100, id="all"),
    ],
)
def test_a_percentile_is_one_of_the_values_by_nearest_rank(count: int, percent: int, expected: int) -> None:
    assert nearest_rank(range(1, count + 1), percent=percent) == expected


@given(values=st.lists(st.integers(0, 10**9), min_size=1))
def test_the_median_is_the_lower_one(values: list[int]) -> None:
    assert nearest_rank(sorted(values), percent=50) == statistics.median_low(values)


@given(taken=st.lists(samples), by=st.sampled_from(Grouping), order=st.randoms(use_true_random=False))
def test_every_sample_is_in_one_group_whatever_their_order(
    taken: list[Sample], by: Grouping, order: Random
) -> None:
    found = summarize(taken, by=by, zone=BERLIN)

    shuffled = order.sample(taken, len(taken))
    assert summarize(shuffled, by=by, zone=BERLIN) == found
    assert len({statistic.key for statistic in found}) == len(found)
    assert sum(statistic.photos for statistic in found) == len(taken)
    assert sum(statistic.failed for statistic in found) == sum(sample.failed for sample in taken)
    assert sum(statistic.busy_usec for statistic in found) == sum(sample.busy_usec for sample in taken)


@pytest.mark.parametrize(
    ("made_at_usec", "expected"),
    [
        pytest.param(None, False, id="no-output"),
        pytest.param(4, False, id="of-another-file"),
        pytest.param(5, True, id="since-it-came"),
    ],
)
def test_a_photo_was_developed_if_it_has_an_output_that_was_made_since_it_came(
    made_at_usec: int | None, *, expected: bool
) -> None:
    raw = Fingerprint(1, 2, 9, 5, 6)
    session = Session(SessionId("s"), "s", Path("/s"), None, Counts(), 0, 0, 0)
    photo = arriving_photo(session, "A.NEF", raw, correlation_id=CorrelationId("c"), arrived_at_usec=5)
    outputs = [
        Output(
            id=OutputId("o"),
            photo_id=photo.id,
            recipe="jpg",
            path=Path("/s/Jpg/A.jpg"),
            media_type="image/jpeg",
            size_bytes=1,
            mtime_ns=1,
            sha256="ab",
            inputs=Inputs(raw=raw, raw_sha256="cd", look="l", recipe="r", pipeline="p"),
            created_at_usec=at_usec,
        )
        for at_usec in (made_at_usec,)
        if at_usec is not None
    ]

    assert was_developed(replace(photo, outputs=tuple(outputs))) is expected
