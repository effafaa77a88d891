"""The commands that steer the queue, from the words to the daemon and back to a sentence."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

import sent
from darkroom.cli.main import main
from darkroom.protocol.types import Job, JobState
from scripted import Peer, Script, ScriptedDaemon, serving

INTERFACE = "io.darkroomd.Darkroom"
QUEUE: dict[str, Any] = {"queue": json.loads(msgspec.json.encode(sent.queue()))}
LOG = sent.listed(lines=[sent.log_line()])
NO_LOG = sent.listed(lines=[])
JOBS_THERE_ARE = " `darkroom jobs` lists those that there are."
WHAT_IS_KNOWN = " `darkroom sessions`, `darkroom photos` and `darkroom jobs` list what is known."
DONE = replace(sent.job(state=JobState.COMPLETED), progress=replace(sent.progress(completed=10), percent=100))
JOB_DONE: dict[str, Any] = json.loads(msgspec.json.encode(DONE))


@pytest.fixture
def path() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as folder:
        yield Path(folder) / "s"


def run(path: Path, *words: str, answers: dict[str, Any]) -> int:
    with ScriptedDaemon(path, [serving(answers)]):
        return main(["--socket", str(path), *words])


@pytest.mark.parametrize(
    ("words", "method", "parameters", "reply", "told"),
    [
        pytest.param(
            ["cancel", "7", "8", "--reason", "n\udcff"],
            "CancelJobs",
            {"jobIds": [7, 8], "reason": "n\\xff"},
            {"jobIds": [7]},
            "Job 7 canceled.\nNothing to do for job 8.\n",
            id="cancel",
        ),
        pytest.param(
            ["retry", "7", "--include-canceled"],
            "RetryJobs",
            {"jobIds": [7], "includeCanceled": True},
            {"jobIds": [7], "itemCount": 2},
            "2 items of job 7 queued again.\n",
            id="retry",
        ),
        pytest.param(
            ["pause", "7"], "PauseJobs", {"jobIds": [7]}, {"jobIds": [7]}, "Job 7 paused.\n", id="pause"
        ),
        pytest.param(
            ["resume", "7"], "ResumeJobs", {"jobIds": [7]}, {"jobIds": [7]}, "Job 7 resumed.\n", id="resume"
        ),
        pytest.param(
            ["priority", "7", "high"],
            "SetPriority",
            {"jobIds": [7], "priority": "high"},
            {"jobIds": [7]},
            "Job 7 now of high priority.\n",
            id="priority",
        ),
        pytest.param(
            ["move", "7", "8", "--before", "3"],
            "MoveJobs",
            {"jobIds": [7, 8], "beforeJobId": 3},
            {"jobIds": [7, 8]},
            "Jobs 7, 8 moved.\n",
            id="move",
        ),
        pytest.param(
            ["move", "7", "--to-end"],
            "MoveJobs",
            {"jobIds": [7]},
            {"jobIds": [7]},
            "Job 7 moved.\n",
            id="move-to-the-end",
        ),
        pytest.param(["clear"], "ClearJobs", {}, {"count": 1}, "1 job forgotten.\n", id="clear"),
        pytest.param(
            ["clear", "--state", "failed"],
            "ClearJobs",
            {"states": ["failed"]},
            {"count": 0},
            "0 jobs forgotten.\n",
            id="clear-failed",
        ),
        pytest.param(
            ["pause", "--reason", "dinner", "--now"],
            "PauseQueue",
            {"reason": "dinner", "finishRunning": False},
            {"queue": {**QUEUE["queue"], "paused": True, "pausedReason": "dinner"}},
            "The queue is paused: dinner.\n",
            id="pause-the-queue",
        ),
        pytest.param(["resume"], "ResumeQueue", {}, QUEUE, "The queue goes on.\n", id="resume-the-queue"),
        pytest.param(
            ["stats", "--by", "camera"],
            "GetStatistics",
            {"groupBy": "camera"},
            {"statistics": []},
            "Nothing was developed in that time.\n",
            id="stats-of-nothing",
        ),
    ],
)
def test_each_command_is_one_call_and_a_sentence(
    path: Path,
    *,
    words: list[str],
    method: str,
    parameters: dict[str, Any],
    reply: object,
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = []

    def script(peer: Peer) -> None:
        calls.append(peer.call())
        peer.reply(reply)

    with ScriptedDaemon(path, [script]):
        status = main(["--socket", str(path), *words])

    assert (status, capsys.readouterr().out) == (0, told)
    assert [(call["method"], call.get("parameters", {})) for call in calls] == [
        (f"{INTERFACE}.{method}", parameters)
    ]


@pytest.mark.parametrize(
    ("words", "method", "parameter", "expected"),
    [
        pytest.param(["pause", "--until", "2h"], "PauseQueue", "untilUsec", 7200, id="pause"),
        pytest.param(["clear", "--older-than", "1d"], "ClearJobs", "endedBeforeUsec", -86_400, id="clear"),
        pytest.param(["stats", "--since", "7d"], "GetStatistics", "fromUsec", -604_800, id="stats-since"),
        pytest.param(["stats", "--until", "1h"], "GetStatistics", "untilUsec", -3600, id="stats-until"),
    ],
)
def test_times_are_sent_as_points_in_time(
    path: Path, *, words: list[str], method: str, parameter: str, expected: int
) -> None:
    sent_parameters: list[dict[str, int]] = []
    replies = {"PauseQueue": QUEUE, "ClearJobs": {"count": 0}, "GetStatistics": {"statistics": []}}

    def script(peer: Peer) -> None:
        sent_parameters.append(peer.call()["parameters"])
        peer.reply(replies[method])

    with ScriptedDaemon(path, [script]):
        main(["--socket", str(path), *words])

    from_now = sent_parameters[0][parameter] / 1_000_000 - time.time()
    assert from_now == pytest.approx(expected, abs=30)


@pytest.mark.parametrize(
    ("words", "answers", "document"),
    [
        pytest.param(["cancel", "7"], {"CancelJobs": {"jobIds": [7]}}, {"jobIds": [7]}, id="cancel"),
        pytest.param(
            ["retry", "7"],
            {"RetryJobs": {"jobIds": [7], "itemCount": 1}},
            {"jobIds": [7], "itemCount": 1},
            id="retry",
        ),
        pytest.param(["pause", "7"], {"PauseJobs": {"jobIds": [7]}}, {"jobIds": [7]}, id="pause"),
        pytest.param(["resume", "7"], {"ResumeJobs": {"jobIds": []}}, {"jobIds": []}, id="resume"),
        pytest.param(
            ["priority", "7", "low"], {"SetPriority": {"jobIds": [7]}}, {"jobIds": [7]}, id="priority"
        ),
        pytest.param(["move", "7", "--to-end"], {"MoveJobs": {"jobIds": [7]}}, {"jobIds": [7]}, id="move"),
        pytest.param(["clear"], {"ClearJobs": {"count": 3}}, {"count": 3}, id="clear"),
        pytest.param(["pause"], {"PauseQueue": QUEUE}, QUEUE["queue"], id="pause-the-queue"),
        pytest.param(["resume"], {"ResumeQueue": QUEUE}, QUEUE["queue"], id="resume-the-queue"),
        pytest.param(["wait", "7"], {"WaitJob": {"job": JOB_DONE}}, JOB_DONE, id="wait"),
        pytest.param(["log", "7"], {"ListLogLines": LOG}, LOG["lines"][0], id="log"),
        pytest.param(
            ["stats"],
            {"GetStatistics": sent.listed(statistics=[sent.statistic()])},
            msgspec.to_builtins(sent.statistic()),
            id="stats",
        ),
    ],
)
def test_programs_are_told_in_the_protocols_own_words(
    path: Path,
    *,
    words: list[str],
    answers: dict[str, Any],
    document: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = run(path, "--json", *words, answers=answers)

    assert status == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [document]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["pause", "7", "--now"], "--reason, --until and --now are for the whole", id="now"),
        pytest.param(["pause", "7", "--reason", ""], "--reason, --until and --now are", id="reason"),
        pytest.param(["pause", "--until", "soon"], "'soon' is not a time such as", id="until"),
        pytest.param(["clear", "--older-than", "week"], "'week' is not a duration such as", id="older-than"),
        pytest.param(["wait", "7", "--timeout", "1"], "'1' is not a duration such as", id="timeout"),
        pytest.param(["stats", "--since", "then"], "'then' is not a time such as", id="since"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(
    path: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--socket", str(path), *words])

    assert status == 2
    assert capsys.readouterr().err.startswith(f"darkroom: {sentence}")


def waiting(*jobs: Job) -> Script:
    def script(peer: Peer) -> None:
        peer.call()
        for number, job in enumerate(jobs):
            peer.reply({"job": msgspec.to_builtins(job)}, continues=number + 1 < len(jobs))

    return script


@pytest.mark.parametrize(
    ("end", "status"),
    [
        pytest.param(JobState.COMPLETED, 0, id="completed"),
        pytest.param(JobState.FAILED, 1, id="failed"),
        pytest.param(JobState.CANCELED, 1, id="canceled"),
    ],
)
def test_the_exit_status_of_waiting_is_how_the_job_ended(path: Path, end: JobState, status: int) -> None:
    with ScriptedDaemon(path, [waiting(sent.job(), sent.job(state=end))]):
        assert main(["--socket", str(path), "wait", "7"]) == status


def test_waiting_tells_each_step_once(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same_step = replace(sent.job(), progress=replace(sent.progress(), percent=39))

    with ScriptedDaemon(path, [waiting(sent.job(), same_step, DONE)]):
        main(["--socket", str(path), "wait", "7"])

    assert capsys.readouterr().out.splitlines() == [
        "job 7  running  3 of 10, 30 %",
        "job 7  completed  10 of 10, 100 %",
    ]


def log_of(peer: Peer, known: dict[str, Any]) -> None:
    """Answer as a daemon that has log lines of `known` alone."""
    with suppress(EOFError):
        while True:
            answer_one(peer, known)


def answer_one(peer: Peer, known: dict[str, Any]) -> None:
    call = peer.call()
    parameters = call.get("parameters", {})
    name = call["method"].rpartition(".")[2]
    asked = {key: value for key, value in parameters.items() if key.endswith("Id")}
    log = LOG if asked == known else NO_LOG
    answer = log if name == "ListLogLines" else sent.WORLD[name]
    if isinstance(answer, tuple):
        peer.refuse(*answer)
    else:
        peer.reply(answer)


@pytest.mark.parametrize(
    ("words", "known"),
    [
        pytest.param(["7"], {"jobId": 7}, id="job"),
        pytest.param(["--item", "70"], {"itemId": 70}, id="item"),
        pytest.param(["c9"], {"correlationId": "c9"}, id="correlation-id"),
        pytest.param(["IMG_1.NEF"], {"correlationId": "c1"}, id="photo-by-name"),
        pytest.param(["/photos/Wedding/Raw/IMG_1.NEF"], {"correlationId": "c1"}, id="photo-by-path"),
    ],
)
def test_log_lines_are_found_by_what_people_call_things(
    path: Path, words: list[str], known: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedDaemon(path, [lambda peer: log_of(peer, known)]):
        status = main(["--socket", str(path), "log", *words])

    assert status == 0
    assert "item_failed  job=7 item=70 code=raw.truncated attempt=1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "status", "sentence"),
    [
        pytest.param("c9", 5, f"There is no session, photo or job c9.{WHAT_IS_KNOWN}", id="nothing"),
        pytest.param("Wedding", 2, "Wedding is a session; give one of its photos or jobs.", id="session"),
    ],
)
def test_what_has_no_log_is_said_to_have_none(
    path: Path, word: str, status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedDaemon(path, [lambda peer: log_of(peer, {})]):
        result = main(["--socket", str(path), "log", word])

    assert (result, capsys.readouterr().err) == (status, f"darkroom: {sentence}\n")


def test_a_job_that_nothing_was_written_about_is_said_to_be_so(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(path, "log", "7", answers={**sent.WORLD, "ListLogLines": NO_LOG})

    assert (status, capsys.readouterr().out) == (0, "No such log lines.\n")


@pytest.mark.parametrize(
    ("words", "answers", "sentence"),
    [
        pytest.param(
            ["99"],
            {"GetJob": (f"{INTERFACE}.NoSuchJob", {"jobId": 99})},
            f"There is no job 99.{JOBS_THERE_ARE}",
            id="job",
        ),
        pytest.param(
            ["--item", "99", "--json"],
            {"GetItem": (f"{INTERFACE}.NoSuchItem", {"itemId": 99})},
            "There is no item 99. `darkroom show JOB` lists those of a job.",
            id="item",
        ),
        pytest.param(
            ["99", "--follow"],
            {"GetJob": (f"{INTERFACE}.NoSuchJob", {"jobId": 99}), "ListLogLines": LOG},
            f"There is no job 99.{JOBS_THERE_ARE}",
            id="to-be-followed",
        ),
    ],
)
def test_the_log_of_what_was_never_there_is_not_found(
    path: Path,
    *,
    words: list[str],
    answers: dict[str, Any],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = run(path, "log", *words, answers={"ListLogLines": NO_LOG, **answers})

    output = capsys.readouterr()
    assert (status, output.out, output.err) == (5, "", f"darkroom: {sentence}\n")


def test_a_correlation_id_can_be_followed_before_anything_is_written(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def searched(peer: Peer) -> None:
        for _ in ("ListLogLines", "ListSessions", "GetPhoto", "ListPhotos", "ListPhotos"):
            answer_one(peer, {})

    def following(peer: Peer) -> None:
        assert peer.call()["parameters"] == {"correlationId": "c9", "follow": True}
        peer.reply(LOG)

    with ScriptedDaemon(path, [searched, following]):
        status = main(["--socket", str(path), "log", "c9", "--follow"])

    assert status == 0
    assert "item_failed" in capsys.readouterr().out


def test_jobs_can_be_listed_as_they_will_run(path: Path) -> None:
    asked = []

    def script(peer: Peer) -> None:
        asked.append(peer.call()["parameters"])
        peer.reply(sent.listed(jobs=[]))

    with ScriptedDaemon(path, [script]):
        main(["--socket", str(path), "--json", "jobs", "--by-position"])

    assert asked == [{"byPosition": True, "limit": 100}]


def test_a_session_at_work_is_forgotten_only_with_its_jobs(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    busy = (f"{INTERFACE}.SessionBusy", {"sessionId": "s1", "jobIds": [3, 4]})

    status = run(path, "session", "remove", "Wedding", answers={**sent.WORLD, "RemoveSession": busy})

    told = "The session Wedding has jobs that have not ended (3, 4). Wait for them, or give --cancel-jobs."
    assert (status, capsys.readouterr().err) == (1, f"darkroom: {told}\n")
