"""`darkroom export` and `darkroom archive`, from the words to the daemon and back to sentences."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

import sent
from darkroom.cli.main import main
from darkroom.protocol.types import Failure, ItemState, Job, JobState
from scripted import LONGEST_WAIT_SECONDS, Peer, Script, ScriptedDaemon, serving

INTERFACE = "io.darkroomd.Darkroom"
COMMAND = (sys.executable, "-m", "darkroom.cli.main")
STARTED = {"jobId": 7, "created": True, "itemCount": 2}
EXPORT = replace(sent.job(), kind="export")
DONE = replace(
    EXPORT,
    state=JobState.COMPLETED,
    progress=replace(sent.progress(total=2, completed=2), percent=100),
    ended_at_usec=sent.NOON_USEC + 4_000_000,
)
FAILED = replace(
    DONE,
    state=JobState.FAILED,
    progress=replace(DONE.progress, completed=1, failed=1),
    failure=sent.failure(),
)
NOT_FINISHED = Failure(
    code="archive.not_finished",
    message="The photo is not developed.",
    transient=False,
    context={"name": "IMG_1.NEF", "state": "waiting"},
)
UNFINISHED = replace(sent.item(state=ItemState.FAILED, stage=None), failure=NOT_FINISHED)
REFUSED = replace(FAILED, kind="archive", failure=NOT_FINISHED)
PLANNED = sent.with_fields(
    sent.log_line("archive_planned", level="info"),
    destination="/mnt",
    photos=2,
    bytes_needed=4000,
    bytes_free=9_000_000,
)


def built(value: msgspec.Struct) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(msgspec.json.encode(value))
    return told


WORLD: dict[str, Any] = {
    **sent.WORLD,
    "StartExport": STARTED,
    "StartArchive": STARTED,
    "GetSession": {"session": built(sent.session())},
    "GetJob": {"job": built(EXPORT)},
    "GetPhoto": {"photo": built(sent.photo())},
    "ListLogLines": sent.listed(lines=[PLANNED]),
}


@pytest.fixture
def path() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as folder:
        yield Path(folder) / "s"


def run(path: Path, *words: str, **answers: Any) -> tuple[int, dict[str, dict[str, Any]]]:
    """Run a command, and return its status and what each method was asked, by name."""
    asked: dict[str, dict[str, Any]] = {}
    with ScriptedDaemon(path, [serving(WORLD | answers, asked)]):
        return main(["--socket", str(path), *words]), asked


def waiting(*jobs: Job) -> Script:
    """Return a script that answers `WaitJob` with these."""

    def script(peer: Peer) -> None:
        assert peer.call()["method"] == f"{INTERFACE}.WaitJob"
        for number, job in enumerate(jobs):
            peer.reply({"job": built(job)}, continues=number + 1 < len(jobs))

    return script


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        pytest.param(["Wedding"], {}, id="all"),
        pytest.param(
            ["Wedding", "IMG_1.NEF", "p-IMG_2.NEF", "IMG_1"],
            {"photoIds": ["p-IMG_1.NEF", "p-IMG_2.NEF"]},
            id="some",
        ),
        pytest.param(["Wedding", "Wedding/IMG_1.NEF"], {"photoIds": ["p-IMG_1.NEF"]}, id="of-a-session"),
        pytest.param(
            ["/photos/Wedding", "/photos/Wedding/Raw/IMG_1.NEF", "--force", "--recipe", "web"],
            {"photoIds": ["p-IMG_1.NEF"], "force": True, "recipes": ["web"]},
            id="by-path",
        ),
        pytest.param(
            ["s1", "--priority", "low", "--paused", "--label", "x", "--key", "k"],
            {"options": {"priority": "low", "paused": True, "label": "x", "idempotencyKey": "k"}},
            id="options",
        ),
    ],
)
def test_an_export_is_asked_for_as_the_words_say(
    path: Path, words: list[str], parameters: dict[str, object]
) -> None:
    status, asked = run(path, "export", *words)

    assert (status, asked["StartExport"]) == (0, {"sessionId": "s1", "options": {}, **parameters})


def test_an_export_is_told_in_one_line(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(path, "export", "Wedding")

    assert capsys.readouterr().out == (
        "Job 7 develops 2 photos of Wedding. `darkroom wait 7` waits for it.\n"
    )


def test_an_export_of_nothing_makes_no_job_and_is_no_failure(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _ = run(path, "export", "Wedding", StartExport={"jobId": None, "created": False, "itemCount": 0})

    assert (status, capsys.readouterr().out) == (
        0,
        "There is nothing to develop in Wedding.\n",
    )


def test_photos_that_are_named_and_discarded_are_told(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    discarded = replace(sent.photo(), discarded=True)

    status, _ = run(
        path,
        "export",
        "Wedding",
        "IMG_1.NEF",
        StartExport={"jobId": None, "created": False, "itemCount": 0},
        ListPhotos=sent.listed(photos=[discarded]),
    )

    assert (status, capsys.readouterr().out) == (
        0,
        "There is nothing to develop in Wedding. Not in it: 1 discarded.\n",
    )


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        pytest.param(["Weding"], 5, "There is no session Weding. Did you mean Wedding?", id="session"),
        pytest.param(
            ["Wedding", "IMG_1.NEF", "IMG_3.NEF"],
            5,
            "There is no photo of Wedding called IMG_3.NEF. Did you mean IMG_2.NEF or IMG_1.NEF?",
            id="photo",
        ),
    ],
)
def test_what_is_not_known_is_not_found_and_nothing_is_started(
    path: Path, words: list[str], *, status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result, asked = run(path, "export", *words)

    assert (result, capsys.readouterr().err) == (status, f"darkroom: {sentence}\n")
    assert "StartExport" not in asked


def test_photos_of_one_name_are_told_apart_by_their_paths(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twins = sent.listed(photos=[sent.photo("IMG_1.NEF"), sent.photo("IMG_1.CR3")])

    result, _ = run(path, "export", "Wedding", "IMG_1", ListPhotos=twins)

    assert result == 2
    assert capsys.readouterr().err == (
        "darkroom: IMG_1 may be any of 2: /photos/Wedding/Raw/IMG_1.NEF, /photos/Wedding/Raw/IMG_1.CR3; give "
        "the path.\n"
    )


def test_an_export_that_asks_for_more_than_one_that_runs_is_refused(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    busy = (f"{INTERFACE}.SessionBusy", {"sessionId": "s1", "jobIds": [3]})

    status, _ = run(path, "export", "Wedding", "--force", StartExport=busy)

    assert status == 1
    assert capsys.readouterr().err == (
        "darkroom: These photos are being exported already (job 3), but not with all that is asked for now. "
        "Export again once that has ended.\n"
    )


def test_a_recipe_that_is_not_known_is_not_found(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    developed = replace(sent.photo(), outputs=(replace(sent.output(), recipe="print"),))

    result, _ = run(
        path,
        "export",
        "Wedding",
        "--recipe",
        "prnt",
        StartExport=("org.varlink.service.InvalidParameter", {"parameter": "recipes"}),
        ListPhotos=sent.listed(photos=[developed]),
    )

    assert (result, capsys.readouterr().err) == (
        5,
        "darkroom: The configuration has no recipe prnt. Did you mean print?\n",
    )


def test_a_dry_run_tells_what_would_be_done_and_why(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = sent.with_fields(sent.log_line("export_planned"), raw="/w/Raw/IMG_1.NEF", reason="failed_before")
    other = sent.log_line("session_found")

    result, asked = run(
        path,
        "export",
        "Wedding",
        "--dry-run",
        StartExport={"jobId": None, "created": False, "itemCount": 1},
        ListLogLines=sent.listed(lines=[other, line]),
    )

    told = [" ".join(each.split()) for each in capsys.readouterr().out.splitlines()]
    assert (result, asked["StartExport"]["dryRun"]) == (0, True)
    assert asked["StartExport"]["options"]["correlationId"] == asked["ListLogLines"]["correlationId"]
    assert told == [
        "PHOTO WHAT WHY",
        "IMG_1.NEF develop it failed before",
        "1 of 1 photo would be developed. Nothing was started.",
    ]


@pytest.mark.parametrize(
    ("end", "status", "told"),
    [
        pytest.param(DONE, 0, ["2 photos developed; it took 4 s."], id="completed"),
        pytest.param(
            FAILED,
            1,
            [
                "1 photo developed, 1 failed; it took 4 s.",
                "  IMG_1.NEF  raw.truncated: The file ends early; copy it again.",
                "`darkroom retry 7` tries once more what failed.",
            ],
            id="failed",
        ),
        pytest.param(
            replace(
                DONE,
                state=JobState.CANCELED,
                state_reasons=("canceled_by_client",),
                progress=replace(DONE.progress, completed=1, canceled=1),
            ),
            1,
            [
                "1 photo developed, 1 not done; it took 4 s.",
                "It ended early (canceled by a client). The rest is developed in the background.",
            ],
            id="canceled",
        ),
    ],
)
@pytest.mark.parametrize(
    "words", [["export", "Wedding", "--wait"], ["wait", "7"]], ids=["export", "wait-for-it"]
)
def test_whoever_waits_is_told_what_became_of_it(
    path: Path,
    *,
    words: list[str],
    end: Job,
    status: int,
    told: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = sent.listed(items=[replace(sent.item(state=ItemState.FAILED), failure=sent.failure())])
    session = replace(sent.session(), pending_count=0)
    answers = WORLD | {"ListItems": failed, "GetSession": {"session": built(session)}}
    # Whoever asked for the job has asked on a connection of its own, and does so again after the job's end.
    before = {"export": [serving(answers, until="StartExport")], "wait": []}[words[0]]
    with ScriptedDaemon(path, [*before, waiting(EXPORT, end), serving(answers)]):
        result = main(["--socket", str(path), *words])

    assert (result, capsys.readouterr().out.splitlines()[-len(told) :]) == (status, told)


def test_what_is_waited_for_is_told_once_however_often_it_is_tried(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waits = replace(EXPORT, state=JobState.QUEUED, state_reasons=("disk.full",))
    tried = replace(waits, state=JobState.RUNNING)

    with ScriptedDaemon(path, [waiting(waits, tried, waits, tried, DONE), serving(WORLD)]):
        main(["--socket", str(path), "wait", "7"])

    assert capsys.readouterr().out.splitlines()[:2] == [
        "job 7  queued (no space left on the disk)  3 of 10, 30 %",
        "job 7  completed  2 of 2, 100 %",
    ]


def test_programs_that_wait_are_told_the_job_at_once_and_how_it_ended(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scripts = [serving(WORLD, until="StartExport"), waiting(EXPORT, FAILED)]

    with ScriptedDaemon(path, scripts):
        status = main(["--socket", str(path), "--json", "export", "Wedding", "--wait"])

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (status, told) == (1, [STARTED, built(FAILED)])


def test_ctrl_c_leaves_the_job_running_and_says_so(path: Path) -> None:
    def endless(peer: Peer) -> None:
        peer.call()
        peer.reply({"job": built(EXPORT)}, continues=True)
        peer.wait_for_the_end()

    with (
        ScriptedDaemon(path, [serving(WORLD, until="StartExport"), endless]),
        subprocess.Popen(
            [*COMMAND, "export", "Wedding", "--wait", "--socket", path],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        shown = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=LONGEST_WAIT_SECONDS)

    assert (process.returncode, rest) == (130, "")
    assert shown == ["Job 7 develops 2 photos of Wedding.\n", "job 7  running  3 of 10, 30 %\n"]
    assert complaints == (
        "darkroom: Job 7 goes on. `darkroom wait 7` waits for it, and `darkroom cancel 7` stops it.\n"
    )


def test_a_daemon_that_is_restarted_is_waited_for(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def lost(peer: Peer) -> None:
        peer.call()
        peer.reply({"job": built(EXPORT)}, continues=True)

    scripts = [serving(WORLD, until="StartExport"), lost, waiting(EXPORT, DONE), serving(WORLD)]

    with ScriptedDaemon(path, scripts):
        status = main(["--socket", str(path), "export", "Wedding", "--wait"])

    output = capsys.readouterr()
    assert (status, output.err) == (0, "darkroom: The daemon has gone away; it is waited for.\n")
    assert output.out.splitlines()[1:3] == [
        "job 7  running  3 of 10, 30 %",
        "job 7  completed  2 of 2, 100 %",
    ]


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        pytest.param(["Wedding"], {}, id="plainly"),
        pytest.param(
            ["Wedding", "s1", "--to", "/mnt/a b", "--contents", "outputs", "--partial", "--priority", "high"],
            {
                "sessionIds": ["s1"],
                "destination": {"path": None, "uri": "file:///mnt/a%20b"},
                "contents": "outputs,partial",
                "options": {"priority": "high"},
            },
            id="all",
        ),
        pytest.param(["Wedding", "--partial"], {"contents": "partial"}, id="partial"),
    ],
)
def test_an_archive_is_asked_for_as_the_words_say(
    path: Path, words: list[str], parameters: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    status, asked = run(path, "archive", *words)

    assert (status, asked["StartArchive"]) == (0, {"sessionIds": ["s1"], "options": {}, **parameters})
    assert capsys.readouterr().out == (
        "Job 7 archives 2 photos in /mnt (about 4.0 kB, 9.0 MB free). `darkroom wait 7` waits for it.\n"
    )


def test_an_archive_is_refused_while_photos_are_not_finished(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _ = run(
        path,
        "archive",
        "Wedding",
        GetJob={"job": built(REFUSED)},
        ListItems=sent.listed(items=[UNFINISHED]),
    )

    output = capsys.readouterr()
    assert status == 1
    assert [" ".join(line.split()) for line in output.out.splitlines()] == [
        "PHOTO STATE",
        "IMG_1.NEF waiting",
    ]
    assert output.err == (
        "darkroom: Nothing was archived: 1 photo is not finished. Export or discard them first, or leave "
        "them out with --partial.\n"
    )


def test_programs_are_told_of_a_refusal_by_the_job(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _ = run(path, "--json", "archive", "Wedding", GetJob={"job": built(REFUSED)})

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (status, told) == (1, [STARTED, built(REFUSED)])


@pytest.mark.parametrize(
    ("words", "answers", "sentence"),
    [
        pytest.param([], {}, "Name the sessions to archive, or give --verify", id="no-session"),
        pytest.param(["--verify", "--partial"], {}, "--verify copies nothing: only --to,", id="verify"),
        pytest.param(
            ["Wedding"],
            {"StartArchive": ("org.varlink.service.InvalidParameter", {"parameter": "destination"})},
            "Say with --to FOLDER where the archive is",
            id="no-destination",
        ),
    ],
)
def test_an_archive_needs_sessions_and_a_folder(
    path: Path,
    *,
    words: list[str],
    answers: dict[str, Any],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, _ = run(path, "archive", *words, **answers)

    assert status == 2
    assert capsys.readouterr().err.startswith(f"darkroom: {sentence}")
