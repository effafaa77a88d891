from __future__ import annotations

import pytest

from darkroomd.core.failure_share import FailureLimit, has_failed_too_often
from darkroomd.core.model import Progress


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        pytest.param(Progress(total=100), False, id="nothing-tried"),
        pytest.param(Progress(total=100, failed=19), False, id="too-few-tried"),
        pytest.param(Progress(total=100, failed=20), True, id="enough-tried"),
        pytest.param(Progress(total=100, completed=10, failed=10), False, id="just-the-share"),
        pytest.param(Progress(total=100, completed=10, failed=11), True, id="more-than-the-share"),
        pytest.param(Progress(total=100, completed=9, failed=10), False, id="share-of-too-few"),
        pytest.param(Progress(total=9_000, skipped=5_000, failed=20), True, id="skipped-say-nothing"),
        pytest.param(Progress(total=9_000, canceled=5_000, failed=20), True, id="canceled-say-nothing"),
        pytest.param(Progress(total=100, skipped=60, failed=19), False, id="skipped-are-not-tried"),
        pytest.param(Progress(total=100, running=1, failed=19), False, id="running-has-not-ended"),
        pytest.param(Progress(total=20, failed=20), True, id="the-last-one"),
    ],
)
def test_a_job_is_stopped_when_more_than_half_of_at_least_twenty_failed(
    progress: Progress, expected: bool
) -> None:
    assert has_failed_too_often(FailureLimit(), progress) is expected


@pytest.mark.parametrize(
    ("limit", "failed", "expected"),
    [
        pytest.param(FailureLimit(least_tried=1, most_percent=0), 0, False, id="none-may-fail-and-none-did"),
        pytest.param(FailureLimit(least_tried=1, most_percent=0), 1, True, id="none-may-fail"),
        pytest.param(FailureLimit(least_tried=1, most_percent=100), 100, False, id="all-may-fail"),
        pytest.param(FailureLimit(least_tried=100, most_percent=29), 29, False, id="exactly-29-of-100"),
        pytest.param(FailureLimit(least_tried=100, most_percent=29), 30, True, id="30-of-100"),
        pytest.param(FailureLimit(least_tried=101, most_percent=29), 100, False, id="not-enough-tried"),
    ],
)
def test_the_limit_is_exact(limit: FailureLimit, failed: int, expected: bool) -> None:
    progress = Progress(total=200, completed=100 - failed, failed=failed)

    assert has_failed_too_often(limit, progress) is expected
