"""Photos that an archive is done with, while others of the same job are still on their way."""

from __future__ import annotations

from pathlib import Path

from darkroom.protocol.types import JobState
from filing import PATIENCE_USEC, UNWATCHED, archive, developed, standing, take_at


def test_photos_that_are_done_keep_their_names_whatever_became_of_their_files(tmp_path: Path) -> None:
    destination = tmp_path / "archive"
    with developed(tmp_path, [["A", "B", "C"]], config=UNWATCHED) as (_, client):
        take_at(client, A=1, B=1.1, C=1.2)
        output = tmp_path / "s0" / "Jpg" / "C.jpg"
        output.rename(tmp_path / "aside")
        first = archive(client, destination, contents="outputs")
        # Of the same size: what was archived is not archived again, and its name is nobody else's.
        altered = destination / "2026" / "20260621_000001.jpg"
        altered.write_bytes(bytes(altered.stat().st_size))

        (tmp_path / "aside").rename(output)
        client.retry_jobs([first.id])
        then = client.wait_job(first.id, timeout_usec=PATIENCE_USEC)

    assert (first.state, first.progress.completed, first.progress.failed) == (JobState.FAILED, 2, 1)
    assert (then.state, then.progress.completed) == (JobState.COMPLETED, 3)
    assert sorted({path.partition(".")[0] for path in standing(destination)}) == [
        "2026/20260621_000001",
        "2026/20260621_000001_001",
        "2026/20260621_000001_002",
    ]


def test_an_archive_is_there_although_somebody_took_a_photo_out_of_it(tmp_path: Path) -> None:
    destination = tmp_path / "archive"
    with developed(tmp_path, [["A", "B", "C"]], config=UNWATCHED) as (_, client):
        take_at(client, A=1, B=1.1, C=1.2)
        output = tmp_path / "s0" / "Jpg" / "C.jpg"
        output.rename(tmp_path / "aside")
        first = archive(client, destination, contents="outputs")
        (destination / "2026" / "20260621_000001.jpg").unlink()

        (tmp_path / "aside").rename(output)
        client.retry_jobs([first.id])
        then = client.wait_job(first.id, timeout_usec=PATIENCE_USEC)

    assert (then.state, then.progress.completed) == (JobState.COMPLETED, 3)
    assert sorted(standing(destination)) == ["2026/20260621_000001_001.jpg", "2026/20260621_000001_002.jpg"]
