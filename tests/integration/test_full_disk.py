"""A disk without space, with the real thing: a small file system of its own."""

from __future__ import annotations

from pathlib import Path

from darkroom import Client
from darkroom.protocol.types import JobState
from disks import fill
from make import make_dng
from running import running

PATIENCE_USEC = 30_000_000


def test_a_full_session_disk_holds_the_session_and_burns_no_attempt(tmp_path: Path, small_disk: Path) -> None:
    raw = small_disk / "session" / "Raw"
    raw.mkdir(parents=True)
    (small_disk / "session" / "Jpg").mkdir()
    with running(tmp_path, "--session", str(raw.parent)) as daemon:
        make_dng(raw / "first.dng")
        daemon.wait_for("item_developed")
        make_dng(raw / "second.dng")
        # The sidecar has to fit: without it a photo is not even queued.
        daemon.wait_for("preset_frozen")
        ballast = fill(small_disk)
        daemon.wait_for("item_started")
        daemon.wait_for("session_waits", reason="disk.full")
        assert not (raw.parent / "Jpg" / "second.jpg").exists()

        ballast.unlink()

        daemon.wait_for("item_developed")
        assert daemon.stop() == 0

    attempts = [line["attempt"] for line in daemon.lines if line.get("event") == "item_started"]
    assert set(attempts) == {1}
    assert sorted(path.name for path in (raw.parent / "Jpg").iterdir()) == ["first.jpg", "second.jpg"]


def test_an_export_waits_for_space_and_says_so_and_then_goes_on(tmp_path: Path, small_disk: Path) -> None:
    raw = small_disk / "session" / "Raw"
    raw.mkdir(parents=True)
    with running(tmp_path, "--session", str(raw.parent)) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("session_found")
        make_dng(raw / "first.dng")
        daemon.wait_for("item_developed")
        whole = (raw.parent / "Jpg" / "first.jpg").read_bytes()
        [session] = client.list_sessions()
        ballast = fill(small_disk)
        job_id = client.start_export(session.id, force=True).job_id
        assert job_id is not None
        daemon.wait_for("session_waits", reason="disk.full")
        changes = client.watch_job(job_id, timeout_usec=PATIENCE_USEC)
        waiting = next(job for job in changes if job.state_reasons)
        stands = (raw.parent / "Jpg" / "first.jpg").read_bytes()

        ballast.unlink()

        job = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)
        [item] = client.list_items(job_id)
        assert daemon.stop() == 0

    assert waiting.state_reasons == ("disk.full",)
    assert stands == whole
    assert (job.state, item.attempt) == (JobState.COMPLETED, 1)
    assert [path.read_bytes() for path in (raw.parent / "Jpg").iterdir()] == [whole]


def test_a_sidecar_that_finds_no_space_is_tried_again(tmp_path: Path, small_disk: Path) -> None:
    raw = small_disk / "session" / "Raw"
    raw.mkdir(parents=True)
    with running(tmp_path, "--session", str(raw.parent)) as daemon:
        source = make_dng(small_disk / "A.dng")
        ballast = fill(small_disk)
        source.rename(raw / "A.dng")
        daemon.wait_for("preset_not_frozen")

        ballast.unlink()

        daemon.wait_for("item_developed")
        daemon.stop()


def test_a_full_state_disk_loses_nothing(tmp_path: Path, small_disk: Path) -> None:
    raw = tmp_path / "session" / "Raw"
    raw.mkdir(parents=True)
    with running(tmp_path, "--session", str(raw.parent), state=small_disk / "state") as daemon:
        make_dng(raw / "first.dng")
        daemon.wait_for("item_developed")
        ballast = fill(small_disk)
        for number in range(40):
            make_dng(raw / f"{number}.dng")
        refused = daemon.wait_for_any("photo_not_queued", "queue_waits", "intake_interrupted")

        ballast.unlink()

        while len(list((raw.parent / "Jpg").glob("*.jpg"))) < 41:
            daemon.wait_for("item_developed")
        assert daemon.stop() == 0

    assert "state.unwritable" in {refused.get("code"), refused.get("reason")}
