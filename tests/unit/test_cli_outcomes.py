from __future__ import annotations

import pytest
from msgspec.structs import replace

import sent
from darkroom.cli import outcomes, words
from darkroom.cli.commands.log import log_line
from darkroom.cli.commands.stats import statistics_table
from darkroom.cli.commands.status import status
from darkroom.protocol.replies import ReloadReply, RetryReply
from darkroom.protocol.types import InhibitMode, Job, JobState, Queue

PAUSED = replace(sent.queue(), paused=True)


@pytest.mark.parametrize(
    ("asked", "changed", "lines"),
    [
        pytest.param([7], [7], ["Job 7 canceled."], id="one"),
        pytest.param([7, 8], [7, 8], ["Jobs 7, 8 canceled."], id="several"),
        pytest.param([7, 8], [8], ["Job 8 canceled.", "Nothing to do for job 7."], id="some"),
        pytest.param([7, 8], [], ["Nothing to do for jobs 7, 8."], id="none"),
    ],
)
def test_each_job_is_told_of(asked: list[int], changed: list[int], lines: list[str]) -> None:
    assert outcomes.jobs_changed(asked, changed, done="canceled") == lines


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        pytest.param(RetryReply(job_ids=(7,), item_count=1), "1 item of job 7 queued again.", id="one"),
        pytest.param(
            RetryReply(job_ids=(7, 8), item_count=3), "3 items of jobs 7, 8 queued again.", id="several"
        ),
        pytest.param(RetryReply(job_ids=(), item_count=0), "Nothing to try again in jobs 7, 8.", id="none"),
    ],
)
def test_it_is_told_how_much_is_tried_again(reply: RetryReply, line: str) -> None:
    assert outcomes.retried([7, 8], reply, canceled_too=True) == [line]


def test_who_has_nothing_to_try_again_is_told_how_to_take_back_what_was_canceled() -> None:
    told = outcomes.retried([7], RetryReply(job_ids=(), item_count=0), canceled_too=False)

    assert told == ["Nothing to try again in job 7. `--include-canceled` takes back what was canceled."]


@pytest.mark.parametrize(
    ("queue", "line"),
    [
        pytest.param(PAUSED, "The queue is paused.", id="plainly"),
        pytest.param(replace(PAUSED, paused_reason="a\nb"), "The queue is paused: a\\nb.", id="with-reason"),
        pytest.param(
            replace(PAUSED, paused_reason="dinner", paused_until_usec=sent.NOON_USEC),
            f"The queue is paused: dinner, until {words.moment(sent.NOON_USEC)}.",
            id="with-reason-and-end",
        ),
    ],
)
def test_a_pause_is_told_with_its_reason_and_its_end(queue: Queue, line: str) -> None:
    assert outcomes.paused(queue) == [line]


@pytest.mark.parametrize(
    ("queue", "line"),
    [
        pytest.param(sent.queue(), "The queue goes on.", id="on"),
        pytest.param(
            replace(sent.queue(), wait_reasons=("disk.full",)),
            "The queue is not paused, but waits: no space left on the disk.",
            id="waits-for-something-else",
        ),
    ],
)
def test_a_queue_that_is_resumed_may_still_wait(queue: Queue, line: str) -> None:
    assert outcomes.resumed(queue) == [line]


@pytest.mark.parametrize(
    ("job", "line"),
    [
        pytest.param(sent.job(), "job 7  running  3 of 10, 30 %", id="running"),
        pytest.param(
            replace(sent.job(), progress=replace(sent.progress(), remaining_usec=240_000_000)),
            "job 7  running  3 of 10, 30 %, about 4 min left",
            id="with-time-left",
        ),
        pytest.param(
            replace(sent.job(state=JobState.QUEUED), state_reasons=("inhibited",)),
            "job 7  queued (a program holds work back)  3 of 10, 30 %",
            id="waits",
        ),
        pytest.param(
            replace(sent.job(state=JobState.FAILED), failure=sent.failure()),
            "job 7  failed  3 of 10, 30 %  raw.truncated: The file ends early; copy it again.",
            id="failed",
        ),
    ],
)
def test_it_is_told_where_a_job_stands(job: Job, line: str) -> None:
    assert outcomes.standing(job) == line


def test_a_log_line_is_told_with_its_facts() -> None:
    line = log_line(sent.log_line())

    assert line == (
        f"{words.moment(sent.NOON_USEC)}  warning   item_failed  job=7 item=70 code=raw.truncated attempt=1"
    )


def test_what_a_log_line_quotes_cannot_act_on_the_terminal() -> None:
    hostile = replace(sent.log_line("\x1b[2J"), fields={"path": "a\nb\x1b]0;x\x07", "none": "", "list": [1]})

    line = log_line(hostile)

    assert line.isprintable()
    assert line.endswith('path=a\\nb\\x1b]0;x\\x07 none="" list=[1]')


def test_statistics_have_a_line_for_each_group() -> None:
    unknown = replace(sent.statistic(""), photos=1, failed=1, busy_usec=0, median_usec=0, p95_usec=0)

    lines = statistics_table([sent.statistic(), unknown], by="day", width=None)

    assert lines[0].split() == ["DAY", "PHOTOS", "FAILED", "READ", "WRITTEN", "BUSY", "MEDIAN", "P95"]
    assert " ".join(lines[1].split()) == "2024-05-04 120 2 3.7 GB 480.0 MB 3 min 2 s 4 s"
    assert " ".join(lines[2].split()) == "unknown 1 1 3.7 GB 480.0 MB 0 ms"


def test_hours_of_statistics_are_told_like_other_times() -> None:
    lines = statistics_table([sent.statistic("2024-05-04T18:00:00+02:00")], by="hour", width=None)

    assert lines[1].startswith("2024-05-04 18:00  ")


def test_status_tells_what_is_archived_from_what_is_developed() -> None:
    lines = status(sent.summary(), sent.item(stage="copy"), [], width=None)

    assert "archiving  /photos/Wedding/Raw/IMG_1.NEF (copy)" in lines


def test_status_tells_pause_inhibitors_and_the_time_left() -> None:
    summary = replace(
        sent.summary(),
        queue=replace(PAUSED, paused_until_usec=sent.NOON_USEC, wait_reasons=("inhibited",)),
        inhibitors=(sent.inhibitor(), sent.inhibitor(mode=InhibitMode.ALL)),
        progress=replace(sent.progress(), remaining_usec=240_000_000),
    )
    noon = words.moment(sent.NOON_USEC)

    lines = status(summary, sent.item(), [], width=None)

    assert "progress    3 of 10, 30 %, about 4 min left" in lines
    assert f"paused      until {noon}" in lines
    assert "waits       a program holds work back" in lines
    assert f"held back   by kiosk, process 42, since {noon}: camera is read" in lines
    assert f"held back   by kiosk, process 42, since {noon} (the running photo too): camera is read" in lines


@pytest.mark.parametrize(
    ("reply", "lines"),
    [
        pytest.param(
            ReloadReply(changed=(), warnings=()),
            ["The configuration is in force as it stands."],
            id="nothing-new",
        ),
        pytest.param(
            ReloadReply(changed=("retry.attempts", "workers"), warnings=()),
            ["In force now: retry.attempts, workers."],
            id="changed",
        ),
        pytest.param(
            ReloadReply(changed=("workers",), warnings=("recipe has changed.",)),
            ["In force now: workers.", "recipe has changed."],
            id="changed-in-part",
        ),
        pytest.param(
            ReloadReply(changed=(), warnings=("recipe has changed.",)), ["recipe has changed."], id="waiting"
        ),
    ],
)
def test_it_is_told_what_of_the_configuration_is_in_force(reply: ReloadReply, lines: list[str]) -> None:
    assert outcomes.reloaded(reply) == lines
