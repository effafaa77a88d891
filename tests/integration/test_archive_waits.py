"""Archives whose disk is full, gone or silent: their jobs wait, say why, and hold up nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from darkroom import Client
from darkroom.protocol.types import JobState
from disks import SMALL_DISK_BYTES, bound, fill
from filing import PATIENCE_USEC, archive, developed, held, listed, sessions_of, standing, sums_of
from make import make_dng
from running import Daemon


def arrive(daemon: Daemon, folder: Path) -> None:
    """Let a guest's photo come, and wait until it is developed."""
    make_dng(folder / "guest.DNG").rename(folder / "s0" / "Raw" / "guest.DNG")
    daemon.wait_for("item_developed")


def attempts(client: Client, job_id: int) -> list[int]:
    return [item.attempt for item in client.list_items(job_id)]


def test_a_full_archive_waits_while_guests_are_developed_and_goes_on_by_itself(
    tmp_path: Path, small_disk: Path
) -> None:
    destination = small_disk / "archive"
    with developed(tmp_path) as (daemon, client):
        job_id = held(client, destination)
        ballast = fill(small_disk)
        client.resume_jobs([job_id])
        waits = daemon.wait_for("job_waits", reason="disk.full")
        job, summary = client.get_job(job_id), client.get_summary()
        arrive(daemon, tmp_path)

        ballast.unlink()
        done = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)
        after, tries = client.get_summary(), attempts(client, job_id)

    assert waits["job"] == job_id
    assert job.state_reasons == ("disk.full",)
    assert "disk.full" in summary.queue.wait_reasons
    assert (done.state, done.progress.completed, tries) == (JobState.COMPLETED, 2, [1, 1])
    assert after.queue.wait_reasons == ()
    assert listed(destination) == sums_of(destination)


def test_too_little_space_is_said_with_both_numbers_before_the_first_copy(
    tmp_path: Path, small_disk: Path
) -> None:
    with developed(tmp_path, [["A"]]) as (daemon, client):
        (tmp_path / "s0" / "Raw" / "A.JPG").write_bytes(bytes(SMALL_DISK_BYTES))
        [session] = sessions_of(client)
        client.start_archive([session.id], destination=small_disk / "archive")
        begun = daemon.wait_for("archive_begun")
        daemon.wait_for("job_waits", reason="disk.full")

    assert begun["bytes_needed"] > SMALL_DISK_BYTES >= begun["bytes_free"]
    assert standing(small_disk / "archive") == {}


def test_space_that_runs_out_in_a_copy_costs_nothing(tmp_path: Path, small_disk: Path) -> None:
    destination = small_disk / "archive"
    with developed(tmp_path) as (daemon, client):
        (tmp_path / "s0" / "Raw" / "A.JPG").write_bytes(os.urandom(SMALL_DISK_BYTES // 2))
        job_id = held(client, destination)
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(SMALL_DISK_BYTES // 4 * 3))
        ballast.unlink()
        # A file without blocks: it takes the space in the middle of the copy.
        os.truncate(tmp_path / "s0" / "Raw" / "A.JPG", SMALL_DISK_BYTES // 2)
        (small_disk / "other").write_bytes(bytes(SMALL_DISK_BYTES // 4 * 3))
        client.resume_jobs([job_id])
        daemon.wait_for("job_waits", reason="disk.full")

        (small_disk / "other").unlink()
        done = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)
        tries = attempts(client, job_id)

    assert (done.state, tries) == (JobState.COMPLETED, [1, 1])
    assert [path for path in standing(destination) if path.endswith(".part")] == []
    assert listed(destination) == sums_of(destination)


def test_an_archive_that_is_gone_waits_and_is_not_made_anew_elsewhere(tmp_path: Path) -> None:
    destination, away = tmp_path / os.fsdecode(b"not utf-8 \xff\n"), tmp_path / "away"
    names = [f"P{number}" for number in range(8)]
    with developed(tmp_path, [names]) as (daemon, client):
        job_id = held(client, destination)
        client.resume_jobs([job_id])
        daemon.wait_for("item_archived")
        client.pause_jobs([job_id])
        while (job := client.get_job(job_id)).state is JobState.RUNNING:
            daemon.next_line()
        destination.rename(away)
        client.resume_jobs([job_id])
        daemon.wait_for("job_waits", reason="archive.gone")
        reasons, made = client.get_job(job_id).state_reasons, destination.exists()

        away.rename(destination)
        done = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)
        tries = attempts(client, job_id)

    assert job.state is JobState.PAUSED
    assert (reasons, made) == (("archive.gone",), False)
    assert (done.state, tries) == (JobState.COMPLETED, [1] * 8)
    assert len(standing(destination)) == 24
    assert listed(destination) == sums_of(destination)


def test_what_vanishes_from_an_archive_while_its_job_waits_is_brought_there_again(tmp_path: Path) -> None:
    destination = tmp_path / "archive"
    with developed(tmp_path) as (_, client):
        archive(client, destination, contents="originals")
        job_id = held(client, destination)
        next(destination.rglob("*.DNG")).unlink()
        client.resume_jobs([job_id])
        done = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)

    assert (done.state, done.progress.completed) == (JobState.COMPLETED, 2)
    assert listed(destination) == sums_of(destination)


def test_what_was_brought_to_a_disk_is_listed_there_and_nowhere_else(tmp_path: Path) -> None:
    destination, away = tmp_path / "archive", tmp_path / "away"
    with developed(tmp_path, [[f"P{number}" for number in range(8)]]) as (daemon, client):
        job_id = held(client, destination)
        client.resume_jobs([job_id])
        daemon.wait_for("item_archived")
        client.pause_jobs([job_id])
        while client.get_job(job_id).state is JobState.RUNNING:
            daemon.next_line()
        destination.rename(away)
        # What stands where a disk is mounted once that is gone.
        destination.mkdir()
        client.cancel_jobs([job_id])
        daemon.wait_for("archive_not_listed")
        elsewhere = list(destination.iterdir())

        destination.rmdir()
        away.rename(destination)
        client.retry_jobs([job_id], include_canceled=True)
        client.wait_job(job_id, timeout_usec=PATIENCE_USEC)

    assert elsewhere == []
    assert len(standing(destination)) == 24
    assert listed(destination) == sums_of(destination)


def test_an_archive_below_a_folder_that_is_not_there_waits_for_it(tmp_path: Path) -> None:
    destination = tmp_path / "usb" / "archive"
    with developed(tmp_path) as (daemon, client):
        [session] = sessions_of(client)
        job_id = client.start_archive([session.id], destination=destination).job_id
        assert job_id is not None
        daemon.wait_for("job_waits", reason="archive.gone")
        job = client.get_job(job_id)
        arrive(daemon, tmp_path)

        destination.parent.mkdir()
        done = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)
        tries = attempts(client, job_id)

    assert job.state_reasons == ("archive.gone",)
    assert (done.state, done.progress.completed, tries) == (JobState.COMPLETED, 2, [1, 1])


def test_an_archive_on_a_read_only_disk_waits_until_it_can_be_written(
    tmp_path: Path, small_disk: Path
) -> None:
    mount = shutil.which("mount") or "mount"
    destination = small_disk / "archive"
    with developed(tmp_path) as (daemon, client):
        job_id = held(client, destination)
        subprocess.run([mount, "-o", "remount,ro", str(small_disk)], check=True)
        client.resume_jobs([job_id])
        daemon.wait_for("job_waits", reason="disk.read_only")

        subprocess.run([mount, "-o", "remount,rw", str(small_disk)], check=True)
        done = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)

    assert done.state is JobState.COMPLETED


def test_an_archive_that_does_not_answer_keeps_no_photo_waiting(tmp_path: Path, dead_share: Path) -> None:
    destination = tmp_path / "archive"
    destination.mkdir()
    with developed(tmp_path) as (daemon, client):
        job_id = held(client, destination)
        with bound(dead_share, destination):
            client.resume_jobs([job_id])
            while client.get_job(job_id).progress.current_item_id is None:
                daemon.next_line()
            arrive(daemon, tmp_path)
        state = client.get_job(job_id).state
        client.cancel_jobs([job_id])

    assert state in {JobState.RUNNING, JobState.QUEUED}


def test_a_session_that_is_away_is_waited_for(tmp_path: Path) -> None:
    with developed(tmp_path, [["A"], ["B"]]) as (daemon, client):
        job_id = held(client, tmp_path / "archive")
        (tmp_path / "s1").rename(tmp_path / "away")
        client.resume_jobs([job_id])
        daemon.wait_for("session_waits")

        (tmp_path / "away").rename(tmp_path / "s1")
        done = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)

    assert (done.state, done.progress.completed) == (JobState.COMPLETED, 2)
    assert listed(tmp_path / "archive") == sums_of(tmp_path / "archive")


def test_nothing_is_left_to_wait_for_once_an_archive_is_canceled(tmp_path: Path) -> None:
    with developed(tmp_path) as (daemon, client):
        [session] = sessions_of(client)
        job_id = client.start_archive([session.id], destination=tmp_path / "usb" / "archive").job_id
        assert job_id is not None
        daemon.wait_for("job_waits", reason="archive.gone")
        client.cancel_jobs([job_id])
        job, summary = client.get_job(job_id), client.get_summary()
        again = archive(client, tmp_path / "archive")

    assert (job.state, summary.queue.wait_reasons) == (JobState.CANCELED, ())
    assert again.state is JobState.COMPLETED
