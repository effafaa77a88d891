"""The words of `darkroom export` and `darkroom archive`, and what becomes of a job in words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

import sent
from darkroom.cli import outcomes, plans
from darkroom.cli.arguments import parse
from darkroom.cli.commands import archive, export
from darkroom.cli.orders import job_options
from darkroom.cli.reckoning import Failed, LeftOut, Unfinished, archive_reckoned, export_reckoned
from darkroom.protocol.replies import StartedReply
from darkroom.protocol.types import Failure, ItemState, Job, JobOptions, JobState, LogLine, Priority, Progress

STARTED = StartedReply(job_id=7, created=True, item_count=3)
SECOND = 1_000_000


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(
            ["export", "Wedding"],
            {"session": "Wedding", "photos": [], "recipe": None, "force": False, "wait": False},
            id="export",
        ),
        pytest.param(
            ["export", "Wedding", "a.NEF", "b.NEF", "--recipe", "jpg", "--recipe=web", "--force", "--wait"],
            {"photos": ["a.NEF", "b.NEF"], "recipe": ["jpg", "web"], "force": True, "wait": True},
            id="export-of-some",
        ),
        pytest.param(["export", "Wedding", "--dry-run"], {"dry_run": True}, id="export-dry"),
        pytest.param(
            ["archive", "Wedding", "Party", "--to", "/mnt", "--contents", "originals", "--partial"],
            {"sessions": ["Wedding", "Party"], "to": "/mnt", "contents": "originals", "partial": True},
            id="archive",
        ),
        pytest.param(
            ["export", "Wedding", "--force", "a.NEF", "--wait", "b.NEF"],
            {"session": "Wedding", "photos": ["a.NEF", "b.NEF"], "force": True, "wait": True},
            id="options-between",
        ),
        pytest.param(
            ["archive", "Wedding", "--to", "/mnt", "Party"],
            {"sessions": ["Wedding", "Party"], "to": "/mnt"},
            id="sessions-on-both-sides",
        ),
        pytest.param(["discard", "a.NEF", "--json", "b.NEF"], {"photos": ["a.NEF", "b.NEF"]}, id="discard"),
        pytest.param(["archive", "--verify"], {"sessions": [], "verify": True, "to": None}, id="verify"),
    ],
)
def test_the_words_that_hand_over_are_understood(words: list[str], expected: dict[str, object]) -> None:
    arguments = vars(parse(words))

    assert {name: arguments[name] for name in expected} == expected


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["export"], id="export-what"),
        pytest.param(["export", "Wedding", "--dry-run", "--wait"], id="dry-and-wait"),
        pytest.param(["archive", "--verify", "--wait"], id="verify-and-wait"),
        pytest.param(["archive", "Wedding", "--contents", "all"], id="other-contents"),
        pytest.param(["export", "Wedding", "--priority", "urgent"], id="other-priority"),
    ],
)
def test_words_that_cannot_be_meant_are_wrong_usage(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)

    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("words", "options"),
    [
        pytest.param([], JobOptions(correlation_id="c"), id="none"),
        pytest.param(
            ["--priority", "low", "--paused", "--label", "a\nb", "--key", "k\udcff"],
            JobOptions(
                priority=Priority.LOW,
                paused=True,
                label="a\\nb",
                idempotency_key="k\\xff",
                correlation_id="c",
            ),
            id="all",
        ),
    ],
)
def test_options_of_the_job_are_sent_as_they_were_given(words: list[str], options: JobOptions) -> None:
    assert job_options(parse(["export", "Wedding", *words]), correlation_id="c") == options


@pytest.mark.parametrize(
    ("reply", "waited_for", "paused", "line"),
    [
        pytest.param(
            STARTED,
            False,
            False,
            "Job 7 develops 3 photos of Wedding. `darkroom wait 7` waits for it.",
            id="started",
        ),
        pytest.param(STARTED, True, False, "Job 7 develops 3 photos of Wedding.", id="waited-for"),
        pytest.param(
            STARTED,
            False,
            True,
            "Job 7 develops 3 photos of Wedding. It is paused: `darkroom resume 7` starts it.",
            id="paused",
        ),
        pytest.param(
            replace(STARTED, created=False, item_count=1),
            False,
            True,
            "Job 7 develops 1 photo of Wedding, as was asked before. `darkroom wait 7` waits for it.",
            id="asked-before",
        ),
    ],
)
def test_an_export_is_told_in_one_line(
    reply: StartedReply, *, waited_for: bool, paused: bool, line: str
) -> None:
    told = export.started(reply, sent.session(), LeftOut(), waited_for=waited_for, paused=paused)

    assert told == line


def test_an_export_tells_at_once_how_many_photos_are_not_in_it() -> None:
    left = LeftOut(discarded=2, arriving=1)

    line = export.started(STARTED, sent.session("a\nb"), left, waited_for=False, paused=False)

    assert line == (
        "Job 7 develops 3 photos of a\\nb. Not in it: 2 discarded, 1 still arriving. "
        "`darkroom wait 7` waits for it."
    )


@pytest.mark.parametrize(
    ("facts", "where"),
    [
        pytest.param({}, "", id="unknown"),
        pytest.param({"destination": "/mnt/a\nb"}, " in /mnt/a\\nb", id="folder"),
        pytest.param(
            {"destination": "/mnt", "bytes_needed": 9_300_000_000, "bytes_free": 1_200_000_000_000},
            " in /mnt (about 9.3 GB, 1.2 TB free)",
            id="room",
        ),
        pytest.param({"destination": "/mnt", "bytes_free": "much"}, " in /mnt", id="odd"),
    ],
)
def test_an_archive_is_told_in_one_line(facts: dict[str, object], where: str) -> None:
    line = archive.started(STARTED, facts, waited_for=False, paused=False)

    assert line == f"Job 7 archives 3 photos{where}. `darkroom wait 7` waits for it."


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        pytest.param(
            {"destination": "/mnt", "photos": 3, "bytes_needed": 4000, "bytes_free": 9000},
            ["3 photos would be archived in /mnt (about 4.0 kB, 9.0 kB free). Nothing was started."],
            id="room",
        ),
        pytest.param(
            {"destination": "/mnt", "photos": 2, "bytes_needed": 9000, "bytes_free": None},
            [
                "2 photos would be archived in /mnt (about 9.0 kB). Nothing was started.",
                "That folder is not there, or cannot be asked: it waits until it can be.",
            ],
            id="out-of-reach",
        ),
        pytest.param(
            {"destination": "/mnt", "photos": 1, "bytes_needed": 9000, "bytes_free": 4000},
            [
                "1 photo would be archived in /mnt (about 9.0 kB, 4.0 kB free). Nothing was started.",
                "There is not enough room for all of it: it waits until there is.",
            ],
            id="no-room",
        ),
        pytest.param(
            {
                "destination": "/mnt",
                "photos": 1,
                "unfinished": 3,
                "unfinished_photos": ["a\n", "b"],
                "refused": False,
            },
            [
                "1 photo would be archived in /mnt. Nothing was started.",
                "Left out: a\\n, b and 1 more.",
            ],
            id="partial",
        ),
    ],
)
def test_the_plan_of_an_archive_is_told_in_sentences(facts: dict[str, object], lines: list[str]) -> None:
    assert plans.archive_planned(facts) == lines


def planned(name: str, reason: str) -> LogLine:
    return replace(
        sent.log_line("export_planned", level="info"), fields={"raw": f"/w/Raw/{name}", "reason": reason}
    )


def test_a_plan_tells_of_each_photo_why_it_would_be_developed_or_not() -> None:
    lines = [planned("a.NEF", "up_to_date"), planned("b\n.NEF", "raw_changed"), planned("c.NEF", "new_one")]

    shown = plans.export_table(lines, width=None)

    assert [" ".join(line.split()) for line in shown] == [
        "PHOTO WHAT WHY",
        "a.NEF skip it is developed and up to date",
        "b\\n.NEF develop its RAW file has changed",
        "c.NEF develop new_one",
    ]
    assert plans.export_planned(lines, session="Wedding") == [
        "2 of 3 photos would be developed. Nothing was started."
    ]


def test_a_plan_without_photos_says_so() -> None:
    assert plans.export_planned([], session="a\nb") == ["There is nothing to develop in a\\nb."]


def test_a_plan_for_several_recipes_tells_which_outputs_would_be_made() -> None:
    some = replace(
        planned("a.NEF", "forced"), fields={"raw": "a.NEF", "reason": "x", "recipes": ["jpg", "web"]}
    )

    shown = plans.export_table([some, planned("b.NEF", "up_to_date")], width=None)

    assert [" ".join(line.split()) for line in shown][1:] == [
        "a.NEF develop jpg, web x",
        "b.NEF skip it is developed and up to date",
    ]


def ended(state: JobState, *reasons: str, **counts: int) -> Job:
    none = Progress(total=9, completed=0, skipped=0, failed=0, canceled=0, percent=100)
    return replace(
        sent.job(state=state),
        kind="export",
        state_reasons=reasons,
        progress=replace(none, **counts),
        ended_at_usec=sent.NOON_USEC + 34 * SECOND,
    )


@pytest.mark.parametrize(
    ("job", "left", "lines"),
    [
        pytest.param(
            ended(JobState.COMPLETED, completed=1, skipped=8),
            LeftOut(),
            ["1 photo developed, nothing to do for 8; it took 34 s."],
            id="well",
        ),
        pytest.param(
            ended(JobState.COMPLETED, completed=9),
            LeftOut(discarded=2, waiting=1),
            [
                "9 photos developed; it took 34 s.",
                "Not in it: 2 discarded, 1 waiting in the background.",
            ],
            id="not-all-are-in-it",
        ),
        pytest.param(
            ended(JobState.CANCELED, "canceled_by_client", completed=4, canceled=5),
            LeftOut(),
            [
                "4 photos developed, 5 not done; it took 34 s.",
                "It ended early (canceled by a client). The rest is developed in the background.",
            ],
            id="canceled",
        ),
        pytest.param(
            ended(JobState.FAILED, "too_many_failures", completed=1, failed=6, canceled=2),
            LeftOut(),
            [
                "1 photo developed, 6 failed, 2 not done; it took 34 s.",
                "It ended early (stopped after too many failures). The rest is developed in the background.",
            ],
            id="stopped",
        ),
    ],
)
def test_what_became_of_an_export_is_told_in_sentences(job: Job, left: LeftOut, lines: list[str]) -> None:
    assert export_reckoned(job, [], left) == lines


def test_each_photo_that_failed_is_named_with_the_reason() -> None:
    job = ended(JobState.FAILED, completed=7, failed=2)
    failed = [Failed("a\n.NEF", sent.failure()), Failed("b.NEF", None)]

    assert export_reckoned(job, failed, LeftOut())[1:] == [
        "  a\\n.NEF  raw.truncated: The file ends early; copy it again.",
        "  b.NEF",
        "`darkroom retry 7` tries once more what failed.",
    ]


def test_an_archive_that_was_refused_is_not_to_be_retried() -> None:
    refused = replace(ended(JobState.FAILED, canceled=8, failed=1), kind="archive", started_at_usec=None)

    lines = archive_reckoned(refused, [Failed("a.NEF", sent.failure())], Unfinished())

    assert lines[-1] == "  a.NEF  raw.truncated: The file ends early; copy it again."


@pytest.mark.parametrize(
    ("job", "lines"),
    [
        pytest.param(
            ended(JobState.COMPLETED, completed=7, skipped=2),
            ["7 photos archived, nothing to do for 2; it took 34 s."],
            id="well",
        ),
        pytest.param(
            ended(JobState.CANCELED, "canceled_by_client", completed=1, canceled=8),
            [
                "1 photo archived, 8 not done; it took 34 s.",
                "It ended early (canceled by a client). What was copied stands in the archive.",
            ],
            id="canceled",
        ),
    ],
)
def test_what_became_of_an_archive_is_told_in_sentences(job: Job, lines: list[str]) -> None:
    assert archive_reckoned(job, [], Unfinished()) == lines


def test_what_an_archive_left_out_is_told_by_name() -> None:
    waits = replace(sent.failure(), context={"state": "waiting"})
    job = ended(JobState.COMPLETED, completed=6, skipped=3)

    named = (Failed("a\n.NEF", waits), Failed("b.NEF", sent.failure()))

    assert archive_reckoned(job, [], Unfinished(3, named)) == [
        "6 photos archived, 3 left out; it took 34 s.",
        "Left out: a\\n.NEF (waiting), b.NEF (raw.truncated) and 1 more.",
    ]


def test_photos_that_are_not_finished_are_listed_with_their_states() -> None:
    failure = Failure(
        code="archive.not_finished", message="x.", transient=False, context={"state": "waiting"}
    )
    item = replace(sent.item(state=ItemState.FAILED), failure=failure)

    lines = archive.unfinished_table([("a\n.NEF", item), ("b.NEF", replace(item, failure=None))], width=None)

    assert [" ".join(line.split()) for line in lines] == ["PHOTO STATE", "a\\n.NEF waiting", "b.NEF"]


@pytest.mark.parametrize("drawn", [True, False], ids=["drawn", "plain"])
def test_a_job_that_does_not_go_on_tells_why_and_no_time(*, drawn: bool) -> None:
    waits = replace(
        sent.job(),
        state_reasons=("archive.gone",),
        progress=replace(sent.progress(), remaining_usec=34 * SECOND),
    )

    assert outcomes.standing(waits, drawn=drawn) == (
        "job 7  running (the archive's folder is not there)  3 of 10, 30 %"
    )


def test_a_job_that_is_drawn_shows_its_pace() -> None:
    assert outcomes.standing(sent.job(), drawn=True, pace="12 a minute") == (
        "job 7  [###---------] 3 of 10, 30 %, 12 a minute"
    )
