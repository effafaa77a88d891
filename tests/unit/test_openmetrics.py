"""Figures as text, held to the rules of OpenMetrics by a reader of its own."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.protocol.types import JobState, Priority
from darkroomd.core.metrics import METRICS
from darkroomd.core.model import CorrelationId, Happening, Job, JobId, JobKind, Progress
from darkroomd.core.openmetrics import (
    MOST_SERIES,
    OTHER,
    Family,
    Histogram,
    Kind,
    Spread,
    Tally,
    exposition,
)
from darkroomd.core.queue_depth import QueueDepth, Share
from openmetrics_reader import read_metrics

COUNTER = Family(name="photos_developed", kind=Kind.COUNTER, help="Photos.", labels=("kind",))
GAUGE = Family(name="free_bytes", kind=Kind.GAUGE, help="Space.", unit="bytes")
SPREAD = Family(
    name="work_seconds",
    kind=Kind.HISTOGRAM,
    help="Work.",
    unit="seconds",
    labels=("stage",),
    buckets=(0.5, 1.0),
)


def test_figures_are_told_as_the_standard_has_them() -> None:
    figures = [
        (COUNTER, {("export",): 2, ("develop",): 3}),
        (GAUGE, {(): 10**12}),
        (SPREAD, {("unpack",): Spread((1, 0, 2), 7.25)}),
    ]

    text = exposition(figures, created=1700000000.5)

    assert (
        text
        == """\
# TYPE photos_developed counter
# HELP photos_developed Photos.
photos_developed_total{kind="develop"} 3
photos_developed_created{kind="develop"} 1700000000.5
photos_developed_total{kind="export"} 2
photos_developed_created{kind="export"} 1700000000.5
# TYPE free_bytes gauge
# UNIT free_bytes bytes
# HELP free_bytes Space.
free_bytes 1000000000000
# TYPE work_seconds histogram
# UNIT work_seconds seconds
# HELP work_seconds Work.
work_seconds_bucket{stage="unpack",le="0.5"} 1
work_seconds_bucket{stage="unpack",le="1.0"} 1
work_seconds_bucket{stage="unpack",le="+Inf"} 3
work_seconds_count{stage="unpack"} 3
work_seconds_sum{stage="unpack"} 7.25
work_seconds_created{stage="unpack"} 1700000000.5
# EOF
"""
    )


@given(
    labels=st.dictionaries(st.text(), st.floats(0, 1e300), max_size=5),
    values=st.lists(st.floats(allow_nan=True), max_size=20),
)
def test_whatever_is_measured_can_be_read_again(labels: dict[str, float], values: list[float]) -> None:
    histogram = Histogram(SPREAD)
    for value in values:
        histogram.observe(value, "unpack")
    series = {(label.encode("utf-8", "replace").decode(),): value for label, value in labels.items()}

    found = read_metrics(exposition([(COUNTER, series), (SPREAD, histogram.series())], created=1.0))

    told = {dict(labels)["kind"]: value for labels, value in found.get("photos_developed_total", {}).items()}
    assert told == {label: value for (label,), value in series.items()}
    counted = sum(0 <= value < math.inf for value in values)
    assert list(found.get("work_seconds_count", {}).values()) == [counted] * bool(counted)


def test_what_has_no_labels_is_there_from_the_beginning() -> None:
    plain = Family(name="lines", kind=Kind.COUNTER, help="Lines.")

    assert Tally(plain).series() == {(): 0}
    assert Tally(COUNTER).series() == {}


def test_labels_that_somebody_else_chooses_are_bounded() -> None:
    tally, histogram = Tally(COUNTER), Histogram(SPREAD)

    for number in range(MOST_SERIES + 10):
        tally.add(str(number))
        histogram.observe(1.0, str(number))

    assert (len(tally.series()), tally.series()[OTHER,]) == (MOST_SERIES + 1, 10)
    assert len(histogram.series()) == MOST_SERIES + 1


@pytest.mark.parametrize("family", METRICS, ids=lambda family: family.name)
def test_every_metric_is_named_as_is_customary(family: Family) -> None:
    assert family.name.startswith("darkroomd_")
    assert family.name.endswith(family.unit)
    assert family.help.endswith(".")
    assert not family.name.endswith(("_total", "_created", "_count", "_sum", "_bucket"))
    assert bool(family.buckets) is (family.kind is Kind.HISTOGRAM)
    assert list(family.buckets) == sorted(set(family.buckets))


def test_no_metric_stands_twice() -> None:
    assert len({family.name for family in METRICS}) == len(METRICS)


def told(job_id: int, *, queued: int, running: int = 0, ended: bool = False) -> Happening:
    job = Job(
        id=JobId(job_id),
        kind=JobKind.DEVELOP,
        state=JobState.COMPLETED if ended else JobState.QUEUED,
        state_reasons=(),
        priority=Priority.NORMAL,
        position=None,
        session_id=None,
        label="",
        creator=None,
        creator_uid=None,
        progress=Progress(total=queued + running, running=running),
        failure=None,
        correlation_id=CorrelationId("c"),
        created_at_usec=0,
        started_at_usec=None,
        ended_at_usec=1 if ended else None,
        revision=1,
    )
    return Happening("job.updated", 1, job=job, job_id=job.id)


def test_the_depth_of_the_queue_follows_its_jobs() -> None:
    depth = QueueDepth()
    depth.complete([(JobId(1), Share(Priority.LOW, 5, 1)), (JobId(2), Share(Priority.HIGH, 1, 0))])

    depth.notice(told(3, queued=4))
    depth.notice(told(3, queued=2, running=1))
    depth.notice(told(2, queued=0, ended=True))
    depth.notice(Happening("job.removed", 1, job_id=JobId(1)))

    assert {key: count for key, count in depth.sums().items() if count} == {
        ("queued", "normal"): 2,
        ("running", "normal"): 1,
    }


def test_what_was_heard_of_a_job_is_newer_than_what_the_database_says() -> None:
    depth = QueueDepth()

    depth.notice(told(1, queued=3))
    depth.begin()
    depth.notice(told(2, queued=0, ended=True))
    depth.complete([(JobId(number), Share(Priority.NORMAL, 100, 1)) for number in (1, 2)])

    assert depth.is_complete
    assert depth.sums()["queued", "normal"] == 3


def test_nothing_is_kept_of_jobs_that_ended_where_nobody_asks_for_figures() -> None:
    depth = QueueDepth()

    for number in range(100):
        depth.notice(told(number, queued=1))
        depth.notice(told(number, queued=0, ended=True))

    assert not depth._ended
    assert not depth._shares
