"""Exports with the real daemon: what they develop, what they skip, and what becomes of the background."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import takewhile
from pathlib import Path

import pytest

from darkroom import Client
from darkroom.errors import InvalidParameter, NoSuchPhoto, NoSuchSession, SessionBusy
from darkroom.protocol.types import ItemState, Job, JobFilter, JobOptions, JobState, Photo, Priority
from forked import running
from make import make_dng
from running import QUICK, Daemon, children_of

PATIENCE_USEC = 30_000_000
TWO = '[[recipe]]\nname = "jpg"\n[[recipe]]\nname = "web"\nfolder = "Web"\nformat = "webp"\n' + QUICK


@contextmanager
def developed(
    folder: Path, names: Sequence[str], *, config: str = QUICK
) -> Iterator[tuple[Daemon, Client, str]]:
    """Run a daemon with a session whose photos are developed; yield it, a client, and the session's id."""
    raw = folder / "wedding" / "Raw"
    raw.mkdir(parents=True)
    for name in names:
        make_dng(raw / f"{name}.DNG")
    with (
        running(folder, "--session", str(raw.parent), config=config) as daemon,
        Client(daemon.socket) as client,
    ):
        if names:
            daemon.wait_for("backlog_queued")
            [job] = client.list_jobs(JobFilter(kinds=("backfill",)))
            client.wait_job(job.id, timeout_usec=PATIENCE_USEC)
        else:
            daemon.wait_for("session_found")
        [session] = client.list_sessions()
        yield daemon, client, session.id
        assert daemon.stop() == 0


def drop(daemon: Daemon, folder: Path, *names: str) -> None:
    """Let photos arrive, and wait until they are queued."""
    for name in names:
        make_dng(folder / f"{name}.DNG").rename(folder / "wedding" / "Raw" / f"{name}.DNG")
        daemon.wait_for("photo_queued")


def drop_large(daemon: Daemon, folder: Path, name: str) -> None:
    """Let a photo arrive that takes long enough to be stopped in."""
    raw = folder / "wedding" / "Raw" / f"{name}.DNG"
    slow = {"clarity": 30, "dehaze": 40, "lumaNoiseReduction": 60, "colorNoiseReduction": 60}
    raw.with_name(f"{raw.name}.rrdata").write_text(json.dumps({"adjustments": slow}))
    make_dng(folder / raw.name, width=3_000, height=2_000).rename(raw)
    daemon.wait_for("photo_queued")


def export(client: Client, session: str, **asked: object) -> Job:
    """Export photos to the end."""
    reply = client.start_export(session, **asked)  # type: ignore[arg-type] # passed on as it is
    assert reply.job_id is not None
    return client.wait_job(reply.job_id, timeout_usec=PATIENCE_USEC)


def reasons(client: Client, job: Job) -> list[str]:
    """Return of each item of a job why it ran or was skipped."""
    found: list[str] = []
    for item in client.list_items(job.id):
        lines = client.list_log_lines(item_id=item.id)
        found += [str(line.fields["reason"]) for line in lines if "reason" in line.fields]
    return found


def photos_of(client: Client, session: str) -> dict[str, Photo]:
    return {Path(photo.original.path or "").stem: photo for photo in client.list_photos(session)}


def jpeg(folder: Path, name: str) -> Path:
    return folder / "wedding" / "Jpg" / f"{name}.jpg"


def test_what_is_up_to_date_is_skipped_and_says_so(tmp_path: Path) -> None:
    with developed(tmp_path, ["A", "B", "C"]) as (_, client, session):
        before = {name: jpeg(tmp_path, name).stat() for name in "ABC"}
        photos = photos_of(client, session)
        job = export(client, session)
        items = list(client.list_items(job.id))
        said, after = reasons(client, job), photos_of(client, session)

    assert (job.state, job.kind, job.priority) == (JobState.COMPLETED, "export", Priority.HIGH)
    assert (job.progress.total, job.progress.skipped, job.progress.percent) == (3, 3, 100)
    assert [(item.state, item.failure) for item in items] == [(ItemState.SKIPPED, None)] * 3
    assert [item.outputs[0].file.path for item in items] == [str(jpeg(tmp_path, name)) for name in "ABC"]
    assert said == ["up_to_date"] * 3
    assert after == photos
    assert {name: jpeg(tmp_path, name).stat() for name in "ABC"} == before


def overwrite(path: Path) -> None:
    path.write_bytes(b"\xff\xd8 by somebody else \xff\xd9")


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    ("change", "reason", "kept"),
    [
        pytest.param(Path.unlink, "output_missing", False, id="deleted"),
        pytest.param(overwrite, "altered", True, id="overwritten"),
        pytest.param(truncate, "output_missing", True, id="truncated"),
    ],
)
def test_an_output_that_is_not_what_was_written_is_made_again(
    tmp_path: Path, change: Callable[[Path], None], reason: str, kept: bool
) -> None:
    with developed(tmp_path, ["A", "B"]) as (_, client, session):
        whole = jpeg(tmp_path, "A").read_bytes()
        client.pause_queue()
        change(jpeg(tmp_path, "A"))
        reply = client.start_export(session)
        client.resume_queue()
        assert reply.job_id is not None
        job = client.wait_job(reply.job_id, timeout_usec=PATIENCE_USEC)
        said = reasons(client, job)

    assert (job.progress.completed, job.progress.skipped) == (1, 1)
    assert said == [reason, "up_to_date"]
    assert jpeg(tmp_path, "A").read_bytes() == whole
    assert jpeg(tmp_path, "A").with_name("A.jpg.bak").exists() is kept


def disguise(path: Path) -> None:
    """Put other content of the same size in its place, and set its time back."""
    found, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def test_the_log_of_a_photo_has_what_its_exports_did(tmp_path: Path) -> None:
    with developed(tmp_path, ["A", "B"]) as (_, client, session):
        photo, other = client.list_photos(session)
        job = export(client, session, photo_ids=[photo.id], force=True)
        of_job = list(client.list_log_lines(job_id=job.id))
        told = list(client.list_log_lines(correlation_id=photo.correlation_id))
        told_of_other = list(client.list_log_lines(correlation_id=other.correlation_id))

    done = [one.event for one in of_job].index("item_developed") + 1
    assert told[0].event == "photo_detected"
    assert [one for one in told if one.job_id == job.id][:done] == of_job[:done]
    assert job.id not in {one.job_id for one in told_of_other}


def test_an_output_that_only_looks_like_ours_is_made_again(tmp_path: Path) -> None:
    with developed(tmp_path, ["A", "B"]):
        whole = jpeg(tmp_path, "A").read_bytes()
    with closing(sqlite3.connect(tmp_path / "state" / "queue.db", isolation_level=None)) as database:
        # Developed long ago, and the disk was mounted anew since.
        database.execute("UPDATE output SET created_at_usec = 1")
        database.execute(
            "UPDATE photo SET fingerprint = '99' || substr(fingerprint, instr(fingerprint, ':'))"
        )
    disguise(jpeg(tmp_path, "A"))

    with (
        running(tmp_path, "--session", str(tmp_path / "wedding")) as daemon,
        Client(daemon.socket) as client,
    ):
        [session] = client.list_sessions()
        job = export(client, session.id)
        said = reasons(client, job)

    assert said == ["altered", "up_to_date"]
    assert jpeg(tmp_path, "A").read_bytes() == whole
    assert jpeg(tmp_path, "A").with_name("A.jpg.bak").exists()


def test_an_export_that_reads_a_file_through_is_canceled_at_once(tmp_path: Path) -> None:
    # No disk reads that in the time of this test; it takes no room.
    endless = 1 << 40
    with developed(tmp_path, ["A"]):
        pass
    with closing(sqlite3.connect(tmp_path / "state" / "queue.db", isolation_level=None)) as database:
        database.execute("UPDATE output SET created_at_usec = 1, size_bytes = ?", (endless,))
    found = jpeg(tmp_path, "A").stat()
    os.truncate(jpeg(tmp_path, "A"), endless)
    os.utime(jpeg(tmp_path, "A"), ns=(found.st_atime_ns, found.st_mtime_ns))

    with (
        running(tmp_path, "--session", str(tmp_path / "wedding")) as daemon,
        Client(daemon.socket) as client,
    ):
        [session] = client.list_sessions()
        reply = client.start_export(session.id)
        assert reply.job_id is not None
        changes = client.watch_job(reply.job_id, timeout_usec=PATIENCE_USEC)
        next(job for job in changes if job.state is JobState.RUNNING)
        changes.close()
        canceled = client.cancel_jobs([reply.job_id])
        job = client.get_job(reply.job_id)
        [photo] = client.list_photos(session.id)
        status = daemon.stop()

    assert canceled == (reply.job_id,)
    assert (job.state, photo.state, status) == (JobState.CANCELED, "developed", 0)


def test_what_waits_in_the_background_is_taken_over_in_the_order_of_capture(tmp_path: Path) -> None:
    options = JobOptions(
        priority=Priority.NORMAL, paused=True, creator="kiosk", label="prints", correlation_id="evening"
    )
    with developed(tmp_path, ["A"]) as (daemon, client, session):
        client.pause_queue()
        drop(daemon, tmp_path, "B", "C", "D")
        photos = photos_of(client, session)
        client.set_capture_time([photos["C"].id], at_usec=1_000_000)
        client.set_discarded([photos["D"].id], discarded=True)
        twice = [photos["B"].id, photos["C"].id, photos["B"].id, photos["D"].id]
        planned = client.start_export(session, photo_ids=twice, dry_run=True)
        started = client.start_export(session, photo_ids=twice, options=options)
        assert started.job_id is not None
        waiting = client.get_job(started.job_id)
        superseded = list(client.list_jobs(JobFilter(kinds=("develop",), states=(JobState.CANCELED,))))
        client.resume_queue()
        client.resume_jobs([waiting.id])
        job = client.wait_job(waiting.id, timeout_usec=PATIENCE_USEC)
        items = list(client.list_items(job.id))

    assert (planned.job_id, planned.created, planned.item_count) == (None, False, 2)
    assert (started.created, started.item_count) == (True, 2)
    assert (waiting.state, waiting.priority, waiting.creator) == (JobState.PAUSED, Priority.NORMAL, "kiosk")
    assert (waiting.label, waiting.correlation_id, waiting.creator_uid) == ("prints", "evening", os.getuid())
    assert [one.state_reasons for one in superseded] == [("superseded",)] * 2
    assert [item.photo_id for item in items] == [photos["C"].id, photos["B"].id]
    assert job.progress.completed == 2
    assert not jpeg(tmp_path, "D").exists()


def test_background_work_on_a_photo_has_stopped_before_its_export_begins(tmp_path: Path) -> None:
    with developed(tmp_path, ["A"]) as (daemon, client, session):
        drop_large(daemon, tmp_path, "B")
        daemon.wait_for("development_started")
        # A worker that does nothing holds its photo for as long as it takes; one without any is not ended.
        [worker] = children_of(daemon.process.pid)
        os.kill(worker, signal.SIGSTOP)
        photo = photos_of(client, session)["B"]
        reply = client.start_export(session, photo_ids=[photo.id])
        gone = not Path(f"/proc/{worker}").exists()
        assert reply.job_id is not None
        job = client.wait_job(reply.job_id, timeout_usec=PATIENCE_USEC)
        [develop] = client.list_jobs(JobFilter(kinds=("develop",)))
        [taken] = client.list_items(develop.id)
        daemon.wait_for("item_interrupted")
        daemon.wait_for("item_started", kind="export", reason="never_developed")

    assert gone
    assert job.state is JobState.COMPLETED
    assert (taken.state, taken.failure and taken.failure.context) == (ItemState.CANCELED, {"jobId": job.id})
    assert sorted(path.name for path in jpeg(tmp_path, "B").parent.iterdir()) == ["A.jpg", "B.jpg"]


def test_what_is_forced_or_failed_before_is_developed_again(tmp_path: Path) -> None:
    with developed(tmp_path, ["A", "B"]) as (daemon, client, session):
        whole = jpeg(tmp_path, "A").read_bytes()
        damaged = make_dng(tmp_path / "whole.DNG").read_bytes()[:-4000]
        (tmp_path / "C.DNG").write_bytes(damaged)
        (tmp_path / "C.DNG").rename(tmp_path / "wedding" / "Raw" / "C.DNG")
        client.wait_job(daemon.wait_for("item_failed")["job"], timeout_usec=PATIENCE_USEC)
        photos = photos_of(client, session)
        forced = export(client, session, photo_ids=[photos["A"].id], force=True)
        again = export(client, session)
        said = reasons(client, forced), reasons(client, again)
        client.start_export(session, dry_run=True, options=JobOptions(correlation_id="plan"))
        planned = [line.fields["reason"] for line in client.list_log_lines(correlation_id="plan")]

    assert (forced.state, again.state) == (JobState.COMPLETED, JobState.FAILED)
    assert said == (["forced"], ["up_to_date", "up_to_date", "failed_before"])
    assert planned == said[1]
    assert jpeg(tmp_path, "A").read_bytes() == whole
    assert not list(jpeg(tmp_path, "A").parent.glob("*.bak"))


def test_outputs_that_an_export_does_not_ask_for_are_made_in_the_background(tmp_path: Path) -> None:
    with developed(tmp_path, [], config=TWO) as (daemon, client, session):
        client.pause_queue()
        drop(daemon, tmp_path, "A")
        reply = client.start_export(session, recipes=["web"])
        client.resume_queue()
        assert reply.job_id is not None
        job = client.wait_job(reply.job_id, timeout_usec=PATIENCE_USEC)
        [backfill] = client.list_jobs(JobFilter(kinds=("backfill",)))
        client.wait_job(backfill.id, timeout_usec=PATIENCE_USEC)
        [done] = client.list_items(job.id)
        [rest] = client.list_items(backfill.id)
        lines = [line for line in client.list_log_lines(item_id=done.id) if line.event == "item_started"]
        with pytest.raises(InvalidParameter):
            client.start_export(session, recipes=["web", "poster"])
        again = export(client, session, recipes=["jpg", "web"])

    assert [(line.fields["reason"], line.fields["recipes"]) for line in lines] == [
        ("never_developed", ["web"])
    ]
    assert [output.recipe for output in rest.outputs] == ["jpg", "web"]
    assert (job.progress.completed, backfill.priority, again.progress.skipped) == (1, Priority.LOW, 1)
    assert (tmp_path / "wedding" / "Web" / "A.webp").exists()
    assert jpeg(tmp_path, "A").exists()


def test_photos_outlive_the_recipe_that_their_export_asks_for(tmp_path: Path) -> None:
    with developed(tmp_path, ["A"], config=TWO) as (daemon, client, session):
        client.pause_queue()
        drop(daemon, tmp_path, "B")
        reply = client.start_export(session, recipes=["web"])
    with (
        running(tmp_path, "--session", str(tmp_path / "wedding")) as daemon,
        Client(daemon.socket) as client,
    ):
        client.resume_queue()
        assert reply.job_id is not None
        job = client.wait_job(reply.job_id, timeout_usec=PATIENCE_USEC)
        daemon.wait_for("item_developed")
        said = reasons(client, job)
        states = {name: photo.state for name, photo in photos_of(client, session).items()}
        assert daemon.stop() == 0

    assert (job.state, job.progress.canceled) == (JobState.CANCELED, 2)
    assert job.failure is not None
    assert job.failure.code == "recipe.gone"
    assert said == ["recipe.gone"] * 2
    assert states["A"] == "developed"
    assert jpeg(tmp_path, "B").exists()


def test_a_canceled_export_leaves_its_photos_to_the_background(tmp_path: Path) -> None:
    with developed(tmp_path, ["A"]) as (daemon, client, session):
        client.pause_queue()
        drop(daemon, tmp_path, "B", "C")
        reply = client.start_export(session)
        assert reply.job_id is not None
        client.cancel_jobs([reply.job_id])
        [backfill] = client.list_jobs(JobFilter(kinds=("backfill",), states=(JobState.QUEUED,)))
        left = backfill.progress.total
        client.resume_queue()
        client.wait_job(backfill.id, timeout_usec=PATIENCE_USEC)
        states = {name: photo.state for name, photo in photos_of(client, session).items()}

    assert left == 2
    assert states == {"A": "developed", "B": "developed", "C": "developed"}


def test_a_photo_whose_export_is_canceled_is_never_said_to_have_failed(tmp_path: Path) -> None:
    with developed(tmp_path, ["A"]) as (daemon, client, session):
        record = tmp_path / "wedding" / "boothy.session.json"
        [worker] = children_of(daemon.process.pid)
        os.kill(worker, signal.SIGSTOP)
        reply = client.start_export(session, force=True)
        daemon.wait_for("item_started", kind="export")
        assert reply.job_id is not None
        client.cancel_jobs([reply.job_id])
        [entry] = json.loads(record.read_bytes())["photos"]
        [photo] = client.list_photos(session)

    assert (photo.state, photo.failure) == ("developed", None)
    assert (entry["backgroundExportCompleted"], entry["lastError"]) == (True, None)


def test_the_record_says_of_a_photo_whether_more_is_made_of_it(tmp_path: Path) -> None:
    with developed(tmp_path, [], config=TWO) as (daemon, client, session):
        record = tmp_path / "wedding" / "boothy.session.json"
        client.pause_queue()
        drop(daemon, tmp_path, "A")
        reply = client.start_export(session, recipes=["web"])
        assert reply.job_id is not None
        client.resume_queue()
        client.wait_job(reply.job_id, timeout_usec=PATIENCE_USEC)
        [entry] = json.loads(record.read_bytes())["photos"]
        [backfill] = client.list_jobs(JobFilter(kinds=("backfill",)))
        client.wait_job(backfill.id, timeout_usec=PATIENCE_USEC)
        [complete] = json.loads(record.read_bytes())["photos"]

    made = [[output["recipe"] for output in each["outputs"]] for each in (entry, complete)]
    assert (made[0] == ["web"]) is not entry["backgroundExportCompleted"]
    assert (made[1], complete["backgroundExportCompleted"]) == (["jpg", "web"], True)


def test_an_export_can_be_canceled_retried_watched_and_counted(tmp_path: Path) -> None:
    with developed(tmp_path, ["A"]) as (daemon, client, session):
        client.pause_queue()
        drop(daemon, tmp_path, "B", "C")
        reply = client.start_export(session)
        assert reply.job_id is not None
        waiting = client.get_summary().progress
        canceled = client.cancel_jobs([reply.job_id])
        retried = client.retry_jobs([reply.job_id], include_canceled=True)
        again = client.get_summary().progress
        with Client(daemon.socket) as watcher, watcher.watch(job_ids=[reply.job_id]) as events:
            told = iter(events)
            begun = next(told).kind
            client.resume_queue()
            # A keepalive says that nothing has happened for a long time.
            over = {"job.completed", "keepalive"}
            kinds = list(takewhile(lambda kind: kind not in over, (event.kind for event in told)))
        job = client.get_job(reply.job_id)
        skipped = list(client.list_items(job.id, states=[ItemState.SKIPPED]))
        backfill = [one for one in client.list_jobs(JobFilter(kinds=("backfill",))) if one.state_reasons]

    assert (waiting.total, canceled, retried.item_count, again.total) == (3, (job.id,), 3, 3)
    assert (begun, kinds.count("item.updated") >= 3) == ("ready", True)
    assert (job.progress.completed, job.progress.skipped, job.progress.canceled) == (2, 1, 0)
    assert [item.outputs[0].file.path for item in skipped] == [str(jpeg(tmp_path, "A"))]
    assert [one.state_reasons for one in backfill] == [("superseded",)]


def test_an_export_that_fails_too_often_leaves_the_rest_to_the_background(tmp_path: Path) -> None:
    few = QUICK + "[failures]\nleast_tried = 2\nmost_percent = 50\n"
    with developed(tmp_path, [], config=few) as (daemon, client, session):
        client.pause_queue()
        for name in ("A", "B"):
            damaged = make_dng(tmp_path / "whole.DNG").read_bytes()[:-4000]
            (tmp_path / f"{name}.DNG").write_bytes(damaged)
            (tmp_path / f"{name}.DNG").rename(tmp_path / "wedding" / "Raw" / f"{name}.DNG")
            daemon.wait_for("photo_queued")
        drop(daemon, tmp_path, "C", "D")
        reply = client.start_export(session)
        client.resume_queue()
        assert reply.job_id is not None
        job = client.wait_job(reply.job_id, timeout_usec=PATIENCE_USEC)
        [backfill] = client.list_jobs(JobFilter(kinds=("backfill",)))
        client.wait_job(backfill.id, timeout_usec=PATIENCE_USEC)
        states = {name: photo.state for name, photo in photos_of(client, session).items()}

    assert (job.state, job.state_reasons) == (JobState.FAILED, ("too_many_failures",))
    assert (job.progress.failed, job.progress.canceled) == (2, 2)
    assert states == {"A": "failed", "B": "failed", "C": "developed", "D": "developed"}


def test_an_export_that_is_asked_for_twice_is_one(tmp_path: Path) -> None:
    key = JobOptions(idempotency_key="print all", paused=True)
    with developed(tmp_path, ["A", "B"]) as (_, client, session):
        photos = photos_of(client, session)
        first = client.start_export(session, options=key)
        by_key = client.start_export(session, options=key)
        joined = client.start_export(session)
        one = client.start_export(session, photo_ids=[photos["A"].id])
        planned = client.start_export(session, dry_run=True)
        with pytest.raises(SessionBusy) as busy:
            client.start_export(session, force=True)
        with pytest.raises(SessionBusy):
            client.start_export(session, force=True, dry_run=True)
        assert first.job_id is not None
        client.resume_jobs([first.job_id])
        client.wait_job(first.job_id, timeout_usec=PATIENCE_USEC)
        long_after = client.start_export(session, options=key)
        fresh = export(client, session)

    assert (first.created, first.item_count) == (True, 2)
    assert by_key == joined == one == long_after
    assert (by_key.job_id, by_key.created, by_key.item_count) == (first.job_id, False, 2)
    assert (planned.job_id, planned.item_count) == (None, 2)
    assert busy.value.context["job_ids"] == (first.job_id,)
    assert fresh.id != first.job_id


def test_an_export_is_known_by_its_key_whatever_became_of_its_photos(tmp_path: Path) -> None:
    key = JobOptions(idempotency_key="print all")
    with developed(tmp_path, ["A", "B"]) as (_, client, session):
        first = client.start_export(session, options=key)
        assert first.job_id is not None
        client.wait_job(first.job_id, timeout_usec=PATIENCE_USEC)
        photos = [photo.id for photo in client.list_photos(session)]
        client.set_discarded(photos, discarded=True)
        without_photos = client.start_export(session, options=key)
        client.clear_jobs()
        cleared = client.start_export(session, photo_ids=photos[:1], options=key)

    assert (first.created, first.item_count) == (True, 2)
    assert without_photos == cleared
    assert (cleared.job_id, cleared.created, cleared.item_count) == (first.job_id, False, 2)


def test_an_export_of_nothing_makes_no_job(tmp_path: Path) -> None:
    other = tmp_path / "other" / "Raw"
    make_dng_in(other, "X")
    with developed(tmp_path, []) as (_, client, session):
        added = client.add_session(other.parent)
        assert added.job_id is None or client.wait_job(added.job_id, timeout_usec=PATIENCE_USEC)
        [stranger] = client.list_photos(added.session.id)
        nothing = client.start_export(session)
        none_named = client.start_export(added.session.id, photo_ids=[])
        with pytest.raises(NoSuchPhoto):
            client.start_export(session, photo_ids=[stranger.id])
        with pytest.raises(NoSuchSession):
            client.start_export("nobody")
        with pytest.raises(InvalidParameter):
            client.start_export(session, recipes=[])
        jobs = list(client.list_jobs(JobFilter(kinds=("export",))))

    assert nothing == none_named
    assert (nothing.job_id, nothing.created, nothing.item_count) == (None, False, 0)
    assert jobs == []


def make_dng_in(raw: Path, name: str) -> None:
    raw.mkdir(parents=True)
    make_dng(raw / f"{name}.DNG")
