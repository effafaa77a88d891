from __future__ import annotations

import pytest

from darkroomd.core import worker_policy
from darkroomd.core.worker_policy import RetirePolicy, threads_each

POLICY = RetirePolicy(photos=3, resident_bytes=1_000)


@pytest.mark.parametrize(
    ("photos", "resident_bytes", "out_of_memory", "spent"),
    [
        pytest.param(1, 500, False, False, id="young-and-slim"),
        pytest.param(3, 500, False, True, id="old"),
        pytest.param(1, 1_001, False, True, id="fat"),
        pytest.param(1, 500, True, True, id="out-of-memory"),
        pytest.param(1, 0, False, False, id="size-unknown"),
    ],
)
def test_a_worker_is_replaced_when_it_is_spent(
    photos: int, resident_bytes: int, out_of_memory: bool, spent: bool
) -> None:
    answer = worker_policy.is_spent(
        POLICY, photos=photos, resident_bytes=resident_bytes, out_of_memory=out_of_memory
    )

    assert answer is spent


@pytest.mark.parametrize(
    ("returncode", "signal"),
    [
        pytest.param(-11, "SIGSEGV", id="segmentation-fault"),
        pytest.param(-9, "SIGKILL", id="killed"),
        pytest.param(3, None, id="exit-status"),
        pytest.param(None, None, id="never-ended"),
    ],
)
def test_a_crash_keeps_its_facts(returncode: int | None, signal: str | None) -> None:
    failure = worker_policy.after_crash(returncode=returncode, signal=signal)

    assert failure.code == "worker.crashed"
    assert failure.transient
    assert failure.context == {"returncode": returncode, "signal": signal}


def test_a_killed_worker_points_at_the_memory() -> None:
    failure = worker_policy.after_crash(returncode=-9, signal="SIGKILL")

    assert "memory" in failure.message


def test_a_deadline_is_told_without_a_fraction() -> None:
    assert worker_policy.after_deadline(0.25).context == {"deadlineMsec": 250}


@pytest.mark.parametrize(
    ("returncode", "signal", "killed"),
    [
        pytest.param(-9, "SIGKILL", True, id="killed-from-outside"),
        pytest.param(-6, "SIGABRT", False, id="aborted"),
        pytest.param(3, None, False, id="exit-status"),
    ],
)
def test_a_worker_that_ended_by_itself_was_not_killed(
    returncode: int, signal: str | None, killed: bool
) -> None:
    failure = worker_policy.after_crash(returncode=returncode, signal=signal)

    assert worker_policy.is_killed(failure) is killed


@pytest.mark.parametrize(
    ("workers", "cores", "expected"),
    [
        pytest.param(1, 16, 0, id="alone"),
        pytest.param(2, 2, 1, id="one-core-each"),
        pytest.param(2, 16, 8, id="many-cores"),
        pytest.param(3, 8, 2, id="some-are-left-over"),
        pytest.param(2, 1, 1, id="never-none"),
    ],
)
def test_workers_share_the_cores(workers: int, cores: int, expected: int) -> None:
    assert threads_each(workers, cores=cores) == expected
