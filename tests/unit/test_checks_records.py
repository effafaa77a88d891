from __future__ import annotations

from pathlib import Path

import pytest

from darkroom.protocol.severity import Severity, severity_of
from darkroomd.core.checks.records import (
    Copies,
    Database,
    Pages,
    backup_check,
    database_check,
    failures_check,
    presets_check,
    queue_check,
)
from darkroomd.core.checks.software import (
    Decoders,
    WorkerStart,
    kernel_check,
    pipeline_check,
    versions_check,
    worker_check,
)

MB = 1_000_000
DAY_SECONDS = 86_400.0
FOLDER = Path("/var/lib/darkroomd/backups")


@pytest.mark.parametrize(
    ("reasons", "ok", "message"),
    [
        pytest.param((), True, "The queue is being worked on.", id="none"),
        pytest.param(
            ("queue.paused",),
            True,
            "Work waits: the queue is paused. `darkroom status` tells more.",
            id="paused-by-somebody",
        ),
        pytest.param(
            ("inhibited", "schedule"),
            True,
            "Work waits: work is held back and outside of the scheduled hours. `darkroom status` tells more.",
            id="two-that-are-wanted",
        ),
        pytest.param(
            ("schedule", "disk.full"),
            False,
            "Work waits: outside of the scheduled hours and no space left on the disk. "
            "`darkroom status` tells more.",
            id="one-that-nobody-wants",
        ),
    ],
)
def test_a_queue_is_well_as_long_as_it_waits_for_what_somebody_wants(
    reasons: tuple[str, ...], *, ok: bool, message: str
) -> None:
    check = queue_check(reasons)

    assert (check.ok, check.message) == (ok, message)


SOUND = Pages(problem=None, complete=True, ago_seconds=180.0)


@pytest.mark.parametrize(
    ("database", "ok", "words"),
    [
        pytest.param(
            Database(9 * MB, 0, pages=SOUND), True, "has 9000 kB and was looked through 3 minutes", id="sound"
        ),
        pytest.param(Database(9 * MB, 0), True, "is just being looked through", id="not-yet"),
        pytest.param(
            Database(9 * MB, 0, pages=Pages(None, False, 1.0)), True, "as far as the time", id="partly"
        ),
        pytest.param(
            Database(0, 0, pages=Pages("page 7", False, 1.0)), False, "damaged (page 7)", id="damaged"
        ),
        pytest.param(Database(0, 0, damage="It was moved."), False, "It was moved.", id="moved-aside"),
        pytest.param(
            Database(5000 * MB, 0, pages=SOUND), True, "Warning: The queue database has 5000 MB", id="large"
        ),
        pytest.param(
            Database(0, 300 * MB, pages=SOUND), True, "Warning: The log of the queue", id="large-log"
        ),
    ],
)
def test_a_database_is_told_of_with_what_is_wrong_with_it(
    database: Database, *, ok: bool, words: str
) -> None:
    check = database_check(database)

    assert check.ok is ok
    assert words in check.message


@pytest.mark.parametrize(
    ("copies", "words"),
    [
        pytest.param(Copies(FOLDER, wanted=False), "The configuration asks for no backups", id="unwanted"),
        pytest.param(
            Copies(FOLDER), f"There is no backup of the queue database in {FOLDER} yet.", id="none-yet"
        ),
        pytest.param(
            Copies(FOLDER, age_seconds=DAY_SECONDS),
            "The newest backup of the queue database is 24 hours",
            id="new",
        ),
        pytest.param(Copies(FOLDER, age_seconds=9 * DAY_SECONDS), "Warning: The newest backup", id="old"),
        pytest.param(
            Copies(FOLDER, problem="The disk is full."), "Warning: The disk is full. There is no", id="failed"
        ),
        pytest.param(
            Copies(FOLDER, age_seconds=-5.0), "The newest backup of the queue database is 0.0 s", id="future"
        ),
    ],
)
def test_backups_are_worth_a_look_when_they_get_old(copies: Copies, words: str) -> None:
    check = backup_check(copies)

    assert check.ok
    assert check.message.startswith(words)


def test_failures_are_told_by_code_the_most_frequent_first() -> None:
    check = failures_check({"raw.damaged": 1, "worker.timeout": 3, "raw.truncated": 1})

    assert check.ok
    assert check.message.startswith(
        "Warning: 5 photos failed in the last day: worker.timeout (3), raw.damaged (1) and raw.truncated (1)."
    )


def test_of_many_presets_that_cannot_be_used_the_first_are_told() -> None:
    problems = [f"The preset {number} is odd." for number in range(9)]

    check = presets_check(4, problems=problems)

    assert not check.ok
    assert check.message.count("odd") == 5
    assert presets_check(4, problems=()).message == "4 presets are known."


def test_a_day_without_failures_is_well() -> None:
    assert failures_check({}).message == "No photo failed in the last day."


DECODERS = Decoders(libraw="0.22.2", flags=("LCMS", "OPENMP"), jpeg="libjpeg-turbo 3.2.0")


@pytest.mark.parametrize(
    ("start", "ok", "words"),
    [
        pytest.param(None, True, "A worker is being started", id="not-known-yet"),
        pytest.param(
            WorkerStart(0.4, 5.0),
            True,
            "was ready 5.0 seconds ago, 0.4 seconds after it was started.",
            id="quick",
        ),
        pytest.param(
            WorkerStart(30.0, 5.0),
            True,
            "Warning: The last worker was ready 5.0 seconds ago, 30 seconds",
            id="slow",
        ),
        pytest.param(WorkerStart(1.0, 5.0, "no rawpy"), False, "5.0 seconds ago (no rawpy)", id="failed"),
    ],
)
def test_it_is_told_how_the_last_worker_started(start: WorkerStart | None, *, ok: bool, words: str) -> None:
    check = worker_check(start)

    assert check.ok is ok
    assert words in check.message


@pytest.mark.parametrize(
    ("installed", "decoders", "words"),
    [
        pytest.param("1.0", DECODERS, "LibRaw 0.22.2 with LCMS, OPENMP.", id="all-known"),
        pytest.param("1.0", None, "LibRaw as rawpy brings it", id="before-the-first-worker"),
        pytest.param(
            "1.1", DECODERS, "Warning: 1.0 runs and darkroomd 1.1 is installed: restart", id="updated"
        ),
        pytest.param(
            None, DECODERS, "Warning: 1.0 runs and no darkroomd is installed any more", id="removed"
        ),
    ],
)
def test_versions_are_told_and_that_an_update_waits_for_a_restart(
    installed: str | None, decoders: Decoders | None, words: str
) -> None:
    check = versions_check({"Python": "3.11"}, running="1.0", installed=installed, decoders=decoders)

    assert check.ok
    assert words in check.message
    assert "darkroomd 1.0, Python 3.11" in check.message


def test_a_missing_kernel_is_worth_a_look_and_the_pipeline_is_named() -> None:
    there, missing = kernel_check(built=True), kernel_check(built=False)

    assert severity_of(ok=there.ok, message=there.message) is Severity.OK
    assert severity_of(ok=missing.ok, message=missing.message) is Severity.WARNING
    assert "libraw-4" in pipeline_check("libraw-4").message
