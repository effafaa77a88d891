"""The same photo gives the same bytes, whoever asks for it, when, and after whatever came in between."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from darkroom import Client
from darkroom.protocol.types import JobFilter, JobOptions
from darkroomd.imaging.dng import Layout
from make import make_dng, raws
from running import QUICK, running

PATIENCE_USEC: Final = 120_000_000
LARGEST_BYTES: Final = 4_500_000
"""Larger camera files take longer and tell no more of who asked for them."""

SEVERAL: Final = f"workers = {os.cpu_count() or 1}\n{QUICK}"
"""As many workers as cores, and so one thread for each picture instead of as many as there are cores."""


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    """A folder of RAW files: generated ones, and those of cameras where this machine has some."""
    folder = tmp_path / "originals"
    folder.mkdir()
    make_dng(folder / "mosaic.dng", width=640, height=420)
    make_dng(folder / "linear.dng", width=300, height=200, layout=Layout.LINEAR)
    found = raws()
    cameras = [] if found is None else sorted(path for path in found.iterdir() if path.is_file())
    for path in cameras:
        if path.suffix != ".md" and path.stat().st_size <= LARGEST_BYTES:
            shutil.copy(path, folder)
    return folder


def session_of(originals: Path, folder: Path) -> Path:
    """Make a session of the RAW files."""
    shutil.copytree(originals, folder / "wedding" / "Raw")
    return folder / "wedding"


def digests(session: Path) -> dict[str, str]:
    """Return what the outputs of a session hold."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (session / "Jpg").iterdir()}


def export_all(client: Client, *, options: JobOptions | None = None) -> int:
    """Have everything developed once more; return the job."""
    [session] = client.list_sessions()
    job_id = client.start_export(session.id, force=True, options=options).job_id
    assert job_id is not None
    return job_id


def wait(client: Client, job_id: int) -> None:
    job = client.wait_job(job_id, timeout_usec=PATIENCE_USEC)
    assert job.progress.completed == job.progress.total > 0


def wait_for_backlog(client: Client) -> None:
    [job] = client.list_jobs(JobFilter(kinds=("backfill",)))
    wait(client, job.id)


def test_an_output_has_the_same_bytes_whoever_asks_for_it_and_whatever_came_between(
    tmp_path: Path, originals: Path
) -> None:
    session = session_of(originals, tmp_path)
    found: dict[str, dict[str, str]] = {}
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("backlog_queued")
        wait_for_backlog(client)
        found["background"] = digests(session)
        wait(client, export_all(client))
        found["export"] = digests(session)
        killed = export_all(client)
        daemon.wait_for("item_developed", job=killed)
        daemon.kill()
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        wait(client, killed)
        found["killed-and-restarted"] = digests(session)
        canceled = export_all(client)
        daemon.wait_for("item_started", job=canceled)
        client.cancel_jobs([canceled])
        wait(client, export_all(client))
        found["canceled-and-redone"] = digests(session)
        daemon.stop()
    other = tmp_path / "other"
    other.mkdir()
    session = session_of(originals, other)
    with running(other, "--session", str(session), config=SEVERAL) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("backlog_queued")
        wait_for_backlog(client)
        found["several-workers"] = digests(session)
        daemon.stop()

    assert len(found["background"]) == len(list(originals.iterdir()))
    assert {name: outputs == found["background"] for name, outputs in found.items()} == dict.fromkeys(
        found, True
    )
