from __future__ import annotations

import pytest
from msgspec.structs import replace

import sent
from darkroom.cli.commands.fetch import NotDeveloped
from darkroom.cli.commands.jobs import item_table, job_facts, job_table
from darkroom.cli.commands.photos import photo_facts, photo_table
from darkroom.cli.commands.sessions import session_facts, session_table
from darkroom.cli.commands.status import status
from darkroom.cli.commands.watch import Story
from darkroom.cli.naming import exact_path
from darkroom.protocol.types import Event, File, InhibitMode, Inhibitor, ItemState, JobState


def event(kind: str) -> Event:
    return Event(kind=kind, at_usec=sent.NOON_USEC)


def told(story: Story, happened: Event) -> str:
    """Return the line of an event without its time, which depends on where the reader lives."""
    (line,) = story.lines(happened)
    return " ".join(line.split()[1:])


def test_status_tells_what_is_developed_and_at_which_stage() -> None:
    lines = status(sent.summary(), sent.item(), [sent.session()], width=None)

    assert lines[0] == "Developing IMG_1.NEF, 3 of 10 done."
    assert "queue       6 waiting, 1 running" in lines
    assert "developing  /photos/Wedding/Raw/IMG_1.NEF (encode)" in lines
    assert "progress    3 of 10, 30 %" in lines
    assert lines[-1].split() == ["Wedding", "3", "1", "1", "1", "events", "/photos/Wedding"]


def test_status_tells_why_nothing_is_developed() -> None:
    waiting = replace(
        sent.queue(), paused=True, paused_reason="cleaning", wait_reasons=("disk.full",), failed_items=2
    )
    inhibitor = Inhibitor(
        id=1, mode=InhibitMode.START, who="kiosk", why="camera is read", pid=42, since_usec=sent.NOON_USEC
    )
    summary = replace(sent.summary(), queue=waiting, inhibitors=(inhibitor,), current_photo=None)

    text = "\n".join(status(summary, None, [], width=80))

    assert "paused     cleaning" in text
    assert "waits      no space left on the disk" in text
    assert "held back  by kiosk, process 42" in text
    assert "failed     2, see: darkroom photos --all --state failed" in text
    assert "developing" not in text


def test_status_says_how_a_session_is_added_where_there_is_none() -> None:
    lines = status(sent.summary(), None, [], width=None)

    assert lines[-1].startswith("No sessions yet: `darkroom session add FOLDER` adds one")


def test_sessions_are_listed_with_their_counts() -> None:
    lines = session_table([sent.session()], width=120)

    assert lines[1].split() == ["Wedding", "3", "1", "1", "1", "events", "/photos/Wedding"]


def test_a_failed_photo_is_listed_with_code_and_sentence() -> None:
    failed = replace(sent.photo(state="failed"), failure=sent.failure())

    lines = photo_table([failed], width=40)

    assert "raw.truncated: The file ends early; copy it again." in lines[1]


def test_a_developed_photo_is_listed_with_its_output() -> None:
    developed = replace(
        sent.photo(state="developed"), outputs=(sent.output(),), captured_at_usec=sent.NOON_USEC
    )

    lines = photo_table([developed], sessions={"s1": "Wedding"}, width=None)

    assert lines[1].split()[:3] == ["Wedding", "IMG_1.NEF", "developed"]
    assert lines[1].endswith("/photos/Wedding/Jpg/IMG_1.jpg")


def test_a_discarded_photo_is_listed_as_such() -> None:
    discarded = replace(sent.photo(state="developed"), discarded=True)

    lines = photo_table([discarded], width=None)

    assert lines[1].split()[:3] == ["IMG_1.NEF", "developed,", "discarded"]


@pytest.mark.parametrize(
    ("discarded", "why"),
    [
        pytest.param(False, "it is waiting; `darkroom watch` tells when that changes.", id="waiting"),
        pytest.param(True, "it is discarded; `darkroom restore` takes it back in.", id="discarded"),
    ],
)
def test_it_is_told_why_there_is_no_output_to_be_fetched(*, discarded: bool, why: str) -> None:
    error = NotDeveloped(replace(sent.photo(state="waiting"), discarded=discarded))

    assert error.message == f"There is no JPEG of IMG_1.NEF: {why}"


def test_all_about_a_failed_photo_has_the_facts_of_its_failure() -> None:
    failed = replace(sent.photo(state="failed"), failure=sent.failure(), unsupported=("masks",))

    lines = photo_facts(failed)

    assert "failure       raw.truncated: The file ends early; copy it again." in lines
    assert "  path        /photos/Wedding/Raw/IMG_1.NEF" in lines
    assert "not honoured  masks" in lines


def test_all_about_a_session_has_its_folder() -> None:
    assert "folder      /photos/Wedding" in session_facts(sent.session())


def test_a_job_is_listed_with_the_name_of_its_session() -> None:
    lines = job_table([sent.job()], sessions={"s1": "Wedding"}, width=None)

    assert lines[1].split()[:5] == ["7", "develop", "running", "normal", "3/10"]
    assert lines[1].endswith("Wedding  IMG_1.NEF")


def test_all_about_a_job_tells_why_it_stopped() -> None:
    stopped = replace(
        sent.job(state=JobState.FAILED), failure=sent.failure(), state_reasons=("too_many_failures",)
    )

    lines = job_facts(stopped)

    assert "because      stopped after too many failures" in lines
    assert "failure      raw.truncated: The file ends early; copy it again." in lines


def test_an_item_is_listed_with_what_came_of_it() -> None:
    done = replace(sent.item(state=ItemState.COMPLETED), outputs=(sent.output(),))

    lines = item_table([done, sent.item()], photos={"p-IMG_1.NEF": "IMG_1.NEF"}, width=None)

    assert lines[1].endswith("/photos/Wedding/Jpg/IMG_1.jpg")
    assert lines[2].split() == ["70", "running", "1", "IMG_1.NEF", "encode"]


@pytest.mark.parametrize(
    ("happened", "line"),
    [
        pytest.param(event("ready"), "watching from here on as it happens", id="ready"),
        pytest.param(
            event("reset"), "gap some events were missed; darkroom status has the whole picture", id="reset"
        ),
        pytest.param(event("stopping"), "stopping the daemon goes down", id="stopping"),
        pytest.param(event("moon.risen"), "moon.risen", id="new-to-us"),
        pytest.param(replace(event("photo.added"), photo=sent.photo()), "added IMG_1.NEF", id="added"),
        pytest.param(
            replace(
                event("photo.changed"), photo=replace(sent.photo(state="developed"), outputs=(sent.output(),))
            ),
            "developed IMG_1.NEF → /photos/Wedding/Jpg/IMG_1.jpg",
            id="developed",
        ),
        pytest.param(
            replace(
                event("photo.changed"), photo=replace(sent.photo(state="failed"), failure=sent.failure())
            ),
            "failed IMG_1.NEF raw.truncated: The file ends early; copy it again.",
            id="failed",
        ),
        pytest.param(
            replace(event("item.updated"), item=sent.item()), "encode photo p-IMG_1.NEF", id="stage"
        ),
        pytest.param(
            replace(event("job.created"), job=sent.job()), "running job 7 develop IMG_1.NEF", id="job"
        ),
        pytest.param(
            replace(
                event("job.failed"), job=replace(sent.job(state=JobState.FAILED), failure=sent.failure())
            ),
            "failed job 7 develop IMG_1.NEF raw.truncated",
            id="failed-job",
        ),
        pytest.param(
            replace(event("progress"), job_id=7, progress=sent.progress()),
            "progress job 7 3 of 10, 30 %",
            id="progress",
        ),
        pytest.param(
            replace(event("session.changed"), session=sent.session()),
            "session Wedding 1 of 3 developed, 1 pending, 1 failed",
            id="session",
        ),
        pytest.param(
            replace(event("queue.changed"), queue=sent.queue()),
            "queue 6 waiting, 1 running, 0 failed",
            id="queue",
        ),
    ],
)
def test_each_event_is_told_in_one_line(happened: Event, line: str) -> None:
    assert told(Story(), happened) == line


@pytest.mark.parametrize(
    "happened",
    [
        pytest.param(event("keepalive"), id="sign-of-life"),
        pytest.param(replace(event("item.updated"), item=sent.item(stage=None)), id="news-of-its-photo"),
    ],
)
def test_what_says_nothing_new_is_not_told(happened: Event) -> None:
    assert Story().lines(happened) == []


def test_a_job_that_stands_as_before_is_not_told_again() -> None:
    story = Story()
    updated = replace(event("job.updated"), job=sent.job())
    waits = replace(event("job.updated"), job=replace(sent.job(), state_reasons=("disk.full",)))

    lines = [len(story.lines(each)) for each in (updated, updated, waits, waits, updated)]

    assert lines == [1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("state", "line"),
    [
        pytest.param(ItemState.COMPLETED, "archived photo-1", id="archived"),
        pytest.param(ItemState.SKIPPED, "skipped photo-1", id="skipped"),
    ],
)
def test_a_photo_that_was_archived_is_told_by_its_name(state: ItemState, line: str) -> None:
    story = Story(name_of=lambda _: "photo-1")
    story.lines(replace(event("job.created"), job=replace(sent.job(), kind="archive")))
    ended = replace(sent.item(state=state, stage=None), ended_at_usec=sent.NOON_USEC)

    assert told(story, replace(event("item.updated"), item=ended)) == line


def test_an_item_that_is_tried_again_is_told_with_the_time_and_the_reason() -> None:
    waiting = replace(
        sent.item(state=ItemState.QUEUED, stage=None), retry_at_usec=sent.NOON_USEC, failure=sent.failure()
    )

    line = told(Story(), replace(event("item.updated"), item=waiting))

    assert line.startswith("retry photo p-IMG_1.NEF again at ")
    assert line.endswith("raw.truncated: The file ends early; copy it again.")


def test_an_item_is_told_by_the_name_its_photo_had_before() -> None:
    story = Story()
    story.lines(replace(event("photo.added"), photo=sent.photo()))

    line = told(story, replace(event("item.updated"), item=sent.item()))

    assert line == "encode IMG_1.NEF"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(File(path="/a/b", uri="file:///a/b"), "/a/b", id="ordinary"),
        pytest.param(File(path="/a/�", uri="file:///a/%FF"), "/a/\udcff", id="not-utf-8"),
        pytest.param(File(uri="file://localhost/a/b%20c"), "/a/b c", id="with-host"),
        pytest.param(File(path="/a/b"), "/a/b", id="path-alone"),
        pytest.param(File(), "", id="neither"),
    ],
)
def test_the_uri_gives_a_file_the_exact_name(given: File, expected: str) -> None:
    assert exact_path(given) == expected
