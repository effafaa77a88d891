"""What an archive can be asked for, who may, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from darkroom import Client
from darkroom.errors import InvalidParameter, NoSuchSession, PathNotAllowed
from darkroom.protocol.types import ItemState, JobOptions, JobState, LogLine, Priority
from filing import (
    PATIENCE_USEC,
    UNWATCHED,
    archive,
    developed,
    held,
    listed,
    photos_of,
    sessions_of,
    standing,
    sums_of,
)
from running import QUICK


def planned(client: Client, story: str) -> list[LogLine]:
    lines = client.list_log_lines(correlation_id=story)
    return [line for line in lines if line.event == "archive_planned"]


def test_what_cannot_be_archived_is_refused_with_nothing_done(tmp_path: Path) -> None:
    with developed(tmp_path, [["A"], ["B"]]) as (_, client):
        ids = [session.id for session in sessions_of(client)]
        (tmp_path / "link").symlink_to(tmp_path / "s1")
        (tmp_path / "file").write_text("no folder")
        refusals: list[tuple[Callable[[], object], type[Exception]]] = [
            (lambda: client.start_archive(ids, destination=tmp_path / "a", contents="all"), InvalidParameter),
            (
                lambda: client.start_archive(ids, destination=tmp_path / "a", contents="both,outputs"),
                InvalidParameter,
            ),
            (lambda: client.start_archive([], destination=tmp_path / "a"), InvalidParameter),
            (lambda: client.start_archive(ids), InvalidParameter),
            (lambda: client.start_archive([*ids, "x"], destination=tmp_path / "a"), NoSuchSession),
            (lambda: client.start_archive(ids, destination=tmp_path / "s1"), PathNotAllowed),
            (lambda: client.start_archive(ids[:1], destination=tmp_path / "s1" / "Jpg"), PathNotAllowed),
            (lambda: client.start_archive(ids[:1], destination=tmp_path / "link" / "new"), PathNotAllowed),
            (lambda: client.start_archive(ids, destination=tmp_path / "file"), PathNotAllowed),
            (lambda: client.start_archive(ids, destination="/proc/archive"), PathNotAllowed),
            (lambda: client.start_archive(ids, destination="relative"), PathNotAllowed),
        ]
        for ask, refusal in refusals:
            with pytest.raises(refusal):
                ask()
        jobs = [job for job in client.list_jobs() if job.kind == "archive"]

    assert jobs == []
    assert not (tmp_path / "a").exists()


def test_a_dry_run_tells_what_it_would_do_and_makes_nothing(tmp_path: Path) -> None:
    destination = tmp_path / "archive"
    with developed(tmp_path) as (_, client):
        [session] = sessions_of(client)
        options = JobOptions(correlation_id="story")
        reply = client.start_archive(
            [session.id, session.id], destination=destination, dry_run=True, options=options
        )
        [line] = planned(client, "story")
        jobs = [job for job in client.list_jobs() if job.kind == "archive"]

    sizes = sum(path.stat().st_size for path in (tmp_path / "s0").rglob("*.[Dj][Np][Gg]"))
    assert (reply.job_id, reply.created, reply.item_count, jobs) == (None, False, 2, [])
    assert line.fields["destination"] == str(destination)
    assert (line.fields["photos"], line.fields["bytes_needed"]) == (2, sizes)
    assert line.fields["bytes_free"] > 0
    assert not destination.exists()


def test_a_dry_run_without_sessions_tells_the_configured_destination(tmp_path: Path) -> None:
    config = f'[archive]\ndestination = "{tmp_path}/kept"\n{QUICK}'
    with developed(tmp_path, config=config) as (_, client):
        reply = client.start_archive([], dry_run=True, options=JobOptions(correlation_id="where"))
        [line] = planned(client, "where")

    assert reply.item_count == 0
    assert line.fields["destination"] == str(tmp_path / "kept")


def test_what_is_not_finished_is_named_and_nothing_is_archived_unless_it_may_stay_out(
    tmp_path: Path,
) -> None:
    destination = tmp_path / "archive"
    with developed(tmp_path) as (daemon, client):
        client.pause_queue()
        (tmp_path / "s0" / "Raw" / "C.DNG").write_bytes((tmp_path / "s0" / "Raw" / "A.DNG").read_bytes())
        daemon.wait_for("photo_queued")
        [session] = sessions_of(client)
        options = JobOptions(correlation_id="refused")
        job = archive(client, destination, options=options)
        items = list(client.list_items(job.id))
        [line] = planned(client, "refused")
        client.resume_queue()
        client.pause_queue()
        reply = client.start_archive([session.id], destination=destination, contents="both,partial")
        assert reply.job_id is not None
        client.resume_queue()
        partial = client.wait_job(reply.job_id, timeout_usec=PATIENCE_USEC)

    assert (job.state, line.job_id, line.fields["unfinished_photos"]) == (JobState.FAILED, job.id, ["C.DNG"])
    assert job.failure is not None
    assert (job.failure.code, job.failure.context) == (
        "archive.not_finished",
        {"count": 1, "photos": ["C.DNG"]},
    )
    assert [item.state for item in items].count(ItemState.CANCELED) == 2
    assert partial.state is JobState.COMPLETED
    assert listed(destination) == sums_of(destination)


def test_options_are_kept_and_the_same_key_makes_no_second_job(tmp_path: Path) -> None:
    options = JobOptions(
        priority=Priority.LOW, paused=True, creator="kiosk", label="the wedding", idempotency_key="k"
    )
    with developed(tmp_path) as (_, client):
        [session] = sessions_of(client)
        first = client.start_archive([session.id], destination=tmp_path / "archive", options=options)
        assert first.job_id is not None
        job = client.get_job(first.job_id)
        again = client.start_archive([session.id], destination=tmp_path / "other", options=options)
        joined = client.start_archive([session.id], destination=tmp_path / "archive")
        client.resume_jobs([first.job_id])
        client.wait_job(first.job_id, timeout_usec=PATIENCE_USEC)
        later = client.start_archive([session.id], destination=tmp_path / "archive", options=options)

    assert (job.state, job.priority, job.creator, job.label, job.creator_uid) == (
        JobState.PAUSED, Priority.LOW, "kiosk", "the wedding", os.getuid(),
    )  # fmt: skip
    assert (first.created, first.item_count) == (True, 2)
    assert [(one.job_id, one.created, one.item_count) for one in (again, joined, later)] == [
        (first.job_id, False, 2)
    ] * 3


def test_a_session_without_photos_makes_no_job(tmp_path: Path) -> None:
    with developed(tmp_path, [[]]) as (_, client):
        [session] = sessions_of(client)
        reply = client.start_archive([session.id], destination=tmp_path / "archive")

    assert (reply.job_id, reply.created, reply.item_count) == (None, False, 0)


def test_a_canceled_archive_lists_what_it_brought_and_goes_on_when_it_is_retried(tmp_path: Path) -> None:
    destination = tmp_path / "archive"
    with developed(tmp_path, [["A", "B", "C"]]) as (daemon, client):
        job_id = held(client, destination)
        client.resume_jobs([job_id])
        daemon.wait_for("item_archived")
        client.pause_jobs([job_id])
        client.cancel_jobs([job_id])
        canceled = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)
        if not canceled.progress.canceled:
            pytest.skip("It was over before it could be canceled.")
        daemon.wait_for("archive_listed")
        before = {path: (destination / path).stat() for path in standing(destination)}
        half = listed(destination), sums_of(destination)
        photos = photos_of(client)
        client.retry_jobs([job_id], include_canceled=True)
        done = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)

    assert canceled.state is JobState.CANCELED
    assert half[0] == half[1]
    assert {photo.state for photo in photos.values()} == {"developed"}
    assert done.state is JobState.COMPLETED
    assert {path: (destination / path).stat() for path in before} == before
    assert listed(destination) == sums_of(destination)
    assert len(standing(destination)) == 9


def test_what_was_brought_of_a_session_is_listed_before_that_is_forgotten(tmp_path: Path) -> None:
    destination = tmp_path / "archive"
    with developed(tmp_path, [[f"P{number}" for number in range(8)]]) as (daemon, client):
        [session] = sessions_of(client)
        job_id = held(client, destination)
        client.resume_jobs([job_id])
        daemon.wait_for("item_archived")
        client.pause_jobs([job_id])
        while client.get_job(job_id).state is JobState.RUNNING:
            daemon.next_line()

        client.remove_session(session.id, cancel_jobs=True)

        sums = listed(destination), sums_of(destination)
    assert sums[0]
    assert sums[0] == sums[1]


def test_photos_that_changed_since_are_not_archived_torn(tmp_path: Path) -> None:
    destination = tmp_path / "archive"
    with developed(tmp_path, [["A", "B", "C", "D"]], config=UNWATCHED) as (_, client):
        job_id = held(client, destination)
        photos = photos_of(client)
        client.set_discarded([photos["A"].id], discarded=True)
        (tmp_path / "s0" / "Jpg" / "B.jpg").write_bytes(b"overwritten")
        (tmp_path / "s0" / "Jpg" / "C.jpg").unlink()
        client.resume_jobs([job_id])
        job = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)
        items = {item.photo_id: item for item in client.list_items(job_id)}
        found = {name: items[photo.id] for name, photo in photos.items()}
        after = photos_of(client)

    codes = {name: item.failure and item.failure.code for name, item in found.items()}
    told = {name: item.failure.message if item.failure else "" for name, item in found.items()}
    assert job.state is JobState.FAILED
    assert codes == {
        "A": "photo.discarded", "B": "archive.source_changed", "C": "archive.source_gone", "D": None,
    }  # fmt: skip
    assert all("xport the photo" in told[name] and "retry the job" in told[name] for name in "BC")
    assert {name: found[name].state for name in "ABCD"} == {
        "A": ItemState.SKIPPED, "B": ItemState.FAILED, "C": ItemState.FAILED, "D": ItemState.COMPLETED,
    }  # fmt: skip
    assert {photo.state for photo in after.values()} == {"developed"}
    assert b"overwritten" not in standing(destination).values()
    assert listed(destination) == sums_of(destination)


def test_too_many_failures_stop_an_archive(tmp_path: Path) -> None:
    config = f"[failures]\nleast_tried = 1\nmost_percent = 10\n{UNWATCHED}"
    with developed(tmp_path, [["A", "B", "C"]], config=config) as (_, client):
        for jpeg in (tmp_path / "s0" / "Jpg").iterdir():
            jpeg.unlink()
        job = archive(client, tmp_path / "archive")

    assert (job.state, job.state_reasons) == (JobState.FAILED, ("too_many_failures",))
    assert (job.progress.failed, job.progress.canceled) == (1, 2)


def test_several_workers_archive_as_one_does(tmp_path: Path) -> None:
    config = f"workers = 2\n{QUICK}"
    names = [f"P{number:02}" for number in range(8)]
    with developed(tmp_path, [names], config=config) as (_, client):
        job = archive(client, tmp_path / "archive")

    assert (job.state, job.progress.completed) == (JobState.COMPLETED, 8)
    assert len(standing(tmp_path / "archive")) == 24
    assert listed(tmp_path / "archive") == sums_of(tmp_path / "archive")


def test_names_of_every_kind_are_archived(tmp_path: Path) -> None:
    names = ["a\nb", os.fsdecode(b"caf\xe9"), "x" * 200, "日本", "CON", "-rf"]
    with developed(tmp_path, [names]) as (_, client):
        job = archive(client, tmp_path / "archive", contents="originals")

    assert (job.state, job.progress.completed) == (JobState.COMPLETED, len(names))
    assert len(standing(tmp_path / "archive")) == 2 * len(names)
    assert listed(tmp_path / "archive") == sums_of(tmp_path / "archive")


def test_an_archive_in_the_middle_of_a_file_tells_how_far_it_is_and_stops_when_it_is_canceled(
    tmp_path: Path,
) -> None:
    destination = tmp_path / "archive"
    with developed(tmp_path, [["A"]]) as (daemon, client):
        job_id = held(client, destination, contents="originals")
        # Without blocks, and yet long to read.
        with (tmp_path / "s0" / "Raw" / "A.JPG").open("wb") as file:
            file.truncate(4 << 30)
        client.resume_jobs([job_id])
        while client.get_job(job_id).progress.percent < 1:
            assert daemon.process.poll() is None
        [item] = client.list_items(job_id)
        text = client.get_summary().text
        client.cancel_jobs([job_id])
        canceled = client.get_job(job_id)
        # The list of sums, which is written by then, has its own beside the folders.
        left = [path.name for path in destination.glob("*/*") if path.name.endswith(".part")]
        daemon.wait_for("archive_listed")

    assert item.stage in {"copy", "verify"}
    assert text.startswith("Archiving A.DNG")
    assert (canceled.state, left) == (JobState.CANCELED, [])
    assert listed(destination) == sums_of(destination)
