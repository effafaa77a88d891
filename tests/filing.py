"""A daemon with sessions that are developed, and archives of them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from darkroom import Client
from darkroom.protocol.types import Job, JobFilter, JobOptions, Photo, Session
from forked import running
from make import make_dng
from running import QUICK, Daemon

SHA256SUM = shutil.which("sha256sum") or "sha256sum"
PATIENCE_USEC = 30_000_000
UNWATCHED = QUICK.replace("scan_seconds = 1", "scan_seconds = 3600")
"""The background does not find that an output is gone, and does not make it again."""
TAKEN_USEC = 1_782_000_000_000_000
"""In June 2026."""


@contextmanager
def developed(
    folder: Path, sessions: Sequence[Sequence[str]] = (["A", "B"],), *, config: str = QUICK
) -> Iterator[tuple[Daemon, Client]]:
    """Run a daemon with sessions `s0`, `s1` … below `folder` whose photos of these names are developed."""
    for number, names in enumerate(sessions):
        raw = folder / f"s{number}" / "Raw"
        raw.mkdir(parents=True)
        for name in names:
            make_dng(raw / f"{name}.DNG")
    roots = [word for number in range(len(sessions)) for word in ("--session", str(folder / f"s{number}"))]
    with running(folder, *roots, config=config) as daemon, Client(daemon.socket) as client:
        daemon.wait_for_all("session_found", len(sessions))
        settle(daemon, client, sum(map(len, sessions)))
        yield daemon, client
        assert daemon.stop() == 0


def settle(daemon: Daemon, client: Client, count: int) -> None:
    """Wait until so many photos are known and none of their jobs goes on."""
    while sum(session.photo_count for session in client.list_sessions()) < count:
        daemon.wait_for_any("backlog_queued", "photo_queued")
    for job in client.list_jobs(JobFilter(kinds=("backfill", "develop"))):
        client.wait_job(job.id, timeout_usec=PATIENCE_USEC)


def sessions_of(client: Client) -> list[Session]:
    """Return the sessions in order of their names."""
    return sorted(client.list_sessions(), key=lambda session: session.name)


def photos_of(client: Client) -> dict[str, Photo]:
    """Return the photos of all sessions by the stems of their names."""
    photos = (photo for session in client.list_sessions() for photo in client.list_photos(session.id))
    return {Path(photo.original.path or "").stem: photo for photo in photos}


def take_at(client: Client, **seconds: float) -> None:
    """Say when photos were taken, by their stems, in seconds of that day in June; then develop them."""
    photos = photos_of(client)
    for stem, second in seconds.items():
        client.set_capture_time([photos[stem].id], at_usec=TAKEN_USEC + round(second * 1_000_000))
    for job in client.list_jobs(JobFilter(kinds=("backfill", "develop"))):
        client.wait_job(job.id, timeout_usec=PATIENCE_USEC)


def archive(client: Client, destination: Path | None, **asked: object) -> Job:
    """Archive all sessions to the end."""
    ids = [session.id for session in sessions_of(client)]
    reply = client.start_archive(ids, destination=destination, **asked)  # type: ignore[arg-type] # as it is
    assert reply.job_id is not None
    return client.wait_job(reply.job_id, timeout_usec=PATIENCE_USEC)


def held(client: Client, destination: Path, *, contents: str | None = None) -> int:
    """Ask for an archive of all sessions that waits to be resumed; return its job."""
    ids = [session.id for session in sessions_of(client)]
    options = JobOptions(paused=True)
    reply = client.start_archive(ids, destination=destination, contents=contents, options=options)
    assert reply.job_id is not None
    return reply.job_id


def standing(destination: Path) -> dict[str, bytes]:
    """Return what stands in an archive by path, manifests left out."""
    return {
        str(path.relative_to(destination)): path.read_bytes()
        for path in sorted(destination.rglob("*"))
        if path.is_file() and not path.name.startswith("SHA256SUMS.")
    }


def listed(destination: Path) -> dict[str, str]:
    """Return what the manifests of an archive name, once `sha256sum` finds it right."""
    sums: dict[str, str] = {}
    for manifest in sorted(destination.glob("SHA256SUMS.*")):
        check = [SHA256SUM, "--check", "--strict", "--quiet", manifest.name]
        subprocess.run(check, cwd=destination, check=True)
        for line in manifest.read_text().splitlines():
            digest, _, path = line.partition("  ")
            sums[path] = digest
    return sums


def sums_of(destination: Path) -> dict[str, str]:
    """Return the hashes of what stands in an archive."""
    return {path: hashlib.sha256(data).hexdigest() for path, data in standing(destination).items()}
